// What happened: the facts of one run as plain data. report/json.h turns it into the schema
// sandbox-report/1 (docs/report.md); report/sentence.h into the line a person reads.
// nullopt means unknown, never zero.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "policy/policy.h"
#include "report/verdict.h"

namespace sandbox {

enum class Certainty { certain, probable, unknown };

// Who sent the signal that ended the test.
enum class Sender {
  none,     // it ended by itself
  itself,   // a fault or abort(3) of its own
  inside,   // a process inside the sandbox
  outside,  // a process outside
  us,       // a limit of ours or an interrupt we handed on
  kernel,   // the OOM killer
  unknown,  // inside or outside: the kernel does not say
};

// The main process's own end. Neither is set when it never ran or its end was not seen.
struct Exit {
  std::optional<int> code{};
  std::optional<int> signal{};
  bool core_dumped = false;
};

// What the verdict rests on. Only what is known and bears on it is set.
struct Evidence {
  Sender sender = Sender::none;
  Certainty certainty = Certainty::certain;
  std::optional<std::uint64_t> oom_kills{};         // in this run's own group
  std::optional<std::uint64_t> memory_cap{};        // bytes, as enforced
  std::optional<std::uint64_t> memory_peak{};       // bytes
  std::optional<std::uint64_t> memory_anonymous{};  // bytes, at or near the kill
  std::optional<std::uint64_t> memory_files{};      // bytes of tmpfs (/tmp and the like)
  std::string outer_group{};                        // the group whose limit killed, if known
  std::optional<std::uint64_t> outer_use{};         // bytes
  std::optional<std::uint64_t> outer_cap{};         // bytes
  std::optional<double> limit_seconds{};            // the deadline that passed
  std::optional<double> cpu_seconds{};              // used up to then
  bool wanted_cpu = false;        // at the deadline a thread was running, or ready to
  bool init_died = false;         // the sandbox's PID 1 vanished without a status
  bool victim_was_child = false;  // OOM killed a child, and the main process failed after it
  int interrupt_signal = 0;       // the caller's signal that interrupted the run
  std::string setup_attempt{};    // "cannot mount tmpfs on /tmp (step 7 of 12)"
  int setup_errno = 0;
  int setup_exit_code = 125;  // 125, 126 or 127
  bool unsupported = false;   // set-up failed because this host lacks something (--if-unsupported)
  std::string full_place{};   // a fresh place that was ≥ 95 % full at the end
  std::string missing_library{};  // the dynamic linker did not find it ("libfmt.so.10") …
  std::string hidden_folder{};  // … since it lies in this folder of the host, which is not shown
};

struct Outcome {
  Verdict verdict = Verdict::passed;
  Exit exit{};
  Evidence evidence{};
  std::string test{};    // the TEST that ran, if known
  std::string reason{};  // filled by report/sentence.h; empty on passed
  std::string hint{};
};

// A figure and where it was read: "cgroup v1 memory.max_usage_in_bytes", "wait4 of PID 1".
template <typename T>
struct Figure {
  std::optional<T> value{};
  std::string source{};
};

// Figure::source of CPU times that come from the end of the sandbox's PID 1 (wait4(2)).
inline constexpr const char* kCpuOfWaiting = "wait4 of PID 1";

struct Usage {
  Figure<double> wall_seconds{};
  Figure<double> cpu_user_seconds{};
  Figure<double> cpu_system_seconds{};
  Figure<double> cpu_throttled_seconds{};
  Figure<std::uint64_t> memory_peak_bytes{};  // the kernel's total
  Figure<std::uint64_t> memory_at_end_file_bytes{};
  Figure<std::uint64_t> memory_at_end_shmem_bytes{};
  Figure<std::uint64_t> memory_at_end_kernel_bytes{};
  Figure<std::uint64_t> memory_anon_peak_estimate_bytes{};  // peak - file - shmem at the end
  Figure<std::uint64_t> max_rss_bytes{};  // largest process; null when not above the launcher's own
  Figure<std::uint64_t> pids_peak{};
  Figure<std::uint64_t> oom_kills{};
  Figure<std::uint64_t> pids_refused{};  // forks that met the cap
};

struct LimitRecord {
  std::string name{};       // "memory", "cpus", "pids", "timeout", …
  std::string requested{};  // as written or the default: "256M"
  std::string enforced{};   // "268435456", "100000 100000"; empty: not enforced
  std::string by{};         // "cgroup v2 memory.max"; or why not
};

struct MountRecord {
  std::string destination{};
  std::string source{};
  std::string
      kind{};  // "root", "fresh", "project", "needed", "declared-output", "option", "system"
  bool writable = false;
  bool id_mapped = false;
  std::string why{};  // "RPATH of ./t", "--bind", "nearest CMakeCache.txt"
};

struct Event {
  std::string kind{};     // "started", "oom", "deadline", "signal", …
  double at_seconds = 0;  // since the run started
  std::map<std::string, std::variant<std::string, std::int64_t>> details{};
};

// One thread at a deadline, or of a process left over. Read while it was not frozen.
struct ThreadState {
  pid_t pid = 0;  // as seen inside
  pid_t tid = 0;
  std::string name{};
  std::string command_line{};
  std::string state{};         // "S (sleeping)"
  std::string wait_channel{};  // "" where unreadable
  std::string system_call{};   // "read", or the number where it has no name here; "running"
  std::optional<double> cpu_seconds{};
};

// What one TEST used, from the end of the one before to its own. Told of by a listener in the test
// program (docs/gtest.md); the figures are the group's, so children count too.
struct TestRecord {
  std::string name{};    // "Suite.Name"
  std::string result{};  // "passed", "failed", "skipped"; "unfinished": the program ended in it;
                         // "unknown": it closed its channel in it
  std::string file{};
  int line = 0;
  std::optional<double> wall_seconds{};
  std::optional<double> cpu_user_seconds{};
  std::optional<double> cpu_system_seconds{};
  std::optional<double> cpu_throttled_seconds{};
  std::optional<std::uint64_t> memory_peak_bytes{};
  bool memory_peak_cumulative = false;  // the peak is the run's so far: the kernel cannot reset it
  std::optional<std::int64_t> memory_grown_bytes{};
  std::optional<std::uint64_t> oom_kills{};
  std::optional<std::int64_t> processes_left{};  // more than there were, threads not counted
  std::optional<std::int64_t> threads_left{};    // of the program's own process
  std::optional<std::int64_t> descriptors_left{};
};

struct IdentityRecord {
  uid_t uid_inside = 0;
  gid_t gid_inside = 0;
  uid_t uid_outside = 0;
  gid_t gid_outside = 0;
  std::string how{};  // "own id", "project owner", "unused id, mounts id-mapped", "caller's id
                      // without capabilities"
};

struct EnvironmentRecord {
  std::vector<std::string> removed{};  // names only, never values
  std::vector<std::string> replaced{};
  std::vector<std::string> added{};
};

struct Report {
  std::string run_id{};
  std::string name{};
  std::string version{};
  std::vector<std::string> command{};
  std::string cwd{};
  Policy policy{};           // effective
  std::string started_at{};  // RFC 3339, UTC, milliseconds
  Outcome outcome{};
  int exit_status = 0;  // what sandbox-exec itself ends with (128+n for a signal n)
  Usage usage{};
  std::vector<LimitRecord> limits{};
  IdentityRecord identity{};
  std::string cgroup{};               // "v1", "v2", "none"
  std::vector<std::string> groups{};  // the group's directories, already removed
  std::vector<MountRecord> mounts{};
  std::vector<TestRecord> tests{};
  std::vector<Event> events{};
  std::vector<ThreadState> leaks{};
  std::vector<ThreadState> hang{};
  EnvironmentRecord environment{};
  std::optional<double> overhead_seconds{};  // wall of the whole run minus the test's own
  std::vector<std::string> warnings{};
};

}  // namespace sandbox
