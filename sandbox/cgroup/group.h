// One run's control group, over cgroup v1 (one directory a controller), v2 and none.
// Sources: Documentation/admin-guide/cgroup-v2.rst, …/cgroup-v1/memory.rst,
// …/cgroup-v1/cgroups.rst.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cgroup/site.h"
#include "policy/policy.h"
#include "report/report.h"
#include "sys/unique_fd.h"

namespace sandbox {

// What the kernel counted, read after the last process has gone (or at a deadline, while it runs).
struct GroupCounters {
  std::optional<std::uint64_t> memory_peak{};  // bytes
  std::optional<std::uint64_t> memory_now{};   // bytes
  std::optional<std::uint64_t> anonymous{};    // bytes
  std::optional<std::uint64_t> file{};         // bytes of page cache, shmem not included
  std::optional<std::uint64_t> shmem{};        // bytes of tmpfs and shared memory
  std::optional<std::uint64_t> kernel{};       // bytes
  std::optional<std::uint64_t> oom_kills{};    // processes of this group that the OOM killer took
  // Times that this group's own limit was met (v2 memory.events.local "oom"; v1 does not tell).
  std::optional<std::uint64_t> oom_events{};
  std::optional<std::uint64_t> cpu_user_ns{};
  std::optional<std::uint64_t> cpu_system_ns{};
  std::optional<std::uint64_t> cpu_throttled_ns{};  // by our own cap; none without one
  std::optional<std::uint64_t> pids_peak{};
  std::optional<std::uint64_t> pids_refused{};  // forks that met the cap (pids.events "max")
};

enum class PeakAfter {
  goes_on,
  starts_anew,  // where the kernel can; read() goes on giving that of the whole run
};

// What a part of a run used is the difference of two.
struct GroupSample {
  std::optional<std::uint64_t> memory_now{};   // bytes charged
  std::optional<std::uint64_t> memory_peak{};  // bytes, since the sample before where it is reset
  bool peak_is_reset = false;                  // by the kernel: v1, v2 from Linux 6.12
  std::optional<std::uint64_t> cpu_user_ns{};
  std::optional<std::uint64_t> cpu_system_ns{};
  std::optional<std::uint64_t> cpu_throttled_ns{};
  std::optional<std::uint64_t> oom_kills{};
  std::optional<std::uint64_t> tasks{};  // processes and threads
};

class Group {
 public:
  // A group without any controller: nothing is capped, nothing counted.
  Group();
  Group(Group&&) noexcept;
  Group& operator=(Group&&) noexcept;
  ~Group();  // removes what remove() has not; never throws

  // Makes the group's directories beneath the site's parents (mode 0755), locks them (flock, so
  // that a later run can tell a stale one), writes the caps. `run_id` names the directory.
  // Throws Error naming the option ("cannot enforce --memory 256M: …") when a cap that the limits
  // ask for (memory, cpus, pids if pids_asked) cannot be enforced here. With `best_effort`, and
  // where no such cap is asked for, it goes on and says so in limits(): `enforced` is empty and
  // `by` tells why.
  static Group create(const GroupSite& site, const Limits& limits, const std::string& run_id,
                      bool best_effort);

  Layout layout() const;
  // v1: one open `tasks` file a hierarchy, for the child to write "0" to. Empty on v2.
  std::vector<int> join_fds() const;
  // v2: the directory, for CLONE_INTO_CGROUP. -1 elsewhere.
  int clone_fd() const;
  // Readable (v1: eventfd, POLLIN) or exceptional (v2: memory.events.local, POLLPRI) once the OOM
  // killer was at work here; on v2 read() makes it ready for the next time. -1 where there is no
  // memory controller, and on v1 without a memory cap, since the watch costs time there.
  int oom_fd() const;
  const std::vector<LimitRecord>& limits() const;  // memory, cpus, pids: how enforced
  const std::vector<std::string>& directories() const;
  GroupCounters read() const;
  GroupSample sample(PeakAfter peak);
  // "cgroup v2 memory.peak" and the like, for Figure::source; empty where not counted.
  // Figures: memory_peak memory_now stat kernel oom cpu throttled pids_peak pids_refused.
  std::string source(const char* figure) const;
  // SIGKILL to every process of the group (v2 cgroup.kill; v1: each that is listed, needed only
  // where no pid namespace does it; forks nothing more afterwards).
  void kill() const;
  // Removes the directories; waits (bounded, on cgroup.events or a short retry) for the last
  // process to be gone. What could not be removed is returned as warnings.
  std::vector<std::string> remove();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Removes groups beneath the site's parents that an earlier run left behind (name prefix, nobody
// holds the lock, no process in them). Never throws.
void remove_stale_groups(const GroupSite& site);

// The nearest group above the site whose own memory limit killed or is met, for the evidence of an
// outer-memory-limit: its path as in /proc/self/cgroup, its use and its limit. Empty path: unknown.
struct OuterLimit {
  std::string path{};
  std::optional<std::uint64_t> use{};
  std::optional<std::uint64_t> cap{};
};
OuterLimit find_outer_memory_limit(const GroupSite& site);

}  // namespace sandbox
