// What differs between the kernel's two interfaces to a group: file names, units, how to join.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cgroup/directory.h"
#include "cgroup/group.h"

namespace sandbox {

// One cap after the attempt to set it.
struct Cap {
  int error = 0;        // errno of the write that was refused
  std::string value{};  // as the kernel has it: "268435456", "150000 100000"
  std::string by{};     // "cgroup v2 memory.max"; also when refused
};

// CPU time per period. Both in microseconds, within the kernel's bounds (1 ms to 1 s).
struct CpuQuota {
  std::uint64_t quota = 0;
  std::uint64_t period = 0;
};

class Backend {
 public:
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;

  virtual Cap cap_memory(std::uint64_t bytes) = 0;
  virtual Cap cap_cpu(CpuQuota quota) = 0;
  virtual Cap cap_pids(const std::string& count) = 0;  // a number or "max"

  virtual std::vector<GroupDirectory>& directories() = 0;
  virtual std::vector<int> join_fds() const = 0;
  virtual int clone_fd() const = 0;
  virtual int oom_fd() const = 0;
  virtual GroupCounters read() const = 0;
  virtual GroupSample sample(PeakAfter peak) = 0;
  virtual std::string source(std::string_view figure) const = 0;
  virtual void kill() const = 0;
  // The caps that were set and are no longer there: somebody above took the controller away.
  virtual std::vector<std::string> lost_caps() const = 0;
  // Before the directories go: closes what would keep them or would fire.
  virtual void close_watches() = 0;
};

// Make the directories. Throw Error.
std::unique_ptr<Backend> make_v1_backend(const GroupSite& site, const std::string& run_id);
std::unique_ptr<Backend> make_v2_backend(const GroupSite& site, const std::string& run_id);

}  // namespace sandbox
