// From the facts of a finished run to its Outcome: pure, the first cause wins.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cgroup/group.h"
#include "report/report.h"

namespace sandbox {

struct SetupFailure {
  std::string attempt{};  // "cannot mount tmpfs on /tmp (step 7 of 12)"
  int error = 0;          // errno
  int exit_code = 125;
  std::string hint{};
  bool unsupported = false;  // this host lacks something: --if-unsupported=skip applies
};

struct Facts {
  std::optional<int> wait_status{};  // of the main process, as wait4; nullopt: never seen
  bool exec_reached = false;
  std::optional<SetupFailure> setup_failure{};

  // Read after the last process had gone.
  GroupCounters counters{};
  Layout layout = Layout::none;
  std::optional<std::uint64_t> memory_cap{};  // bytes, as enforced
  OuterLimit outer{};

  // What we did ourselves, before the main process had ended: only the first of them is set.
  bool deadline_wall = false;
  bool deadline_cpu = false;
  int interrupt_signal = 0;  // the caller's
  // OOM kills counted when we acted; nullopt: not read then.
  std::optional<std::uint64_t> oom_kills_before{};

  bool init_died = false;  // PID 1 ended without reporting the main process's end
  // A seccomp listener saw every SIGKILL that a process inside sent; and one of them was for the
  // main process or for PID 1.
  bool kill_watch_active = false;
  bool kill_from_inside_seen = false;
  bool kill_from_inside_named = true;  // by its number: else it may have been for somebody else

  std::optional<double> timeout{};         // seconds
  std::optional<double> cpu_time_limit{};  // seconds
  bool wanted_cpu = false;                 // at the deadline a thread was running, or ready to
  std::optional<double> cpu_used{};        // seconds, up to the end or to the deadline
  std::string full_place{};
  std::string missing_library{};
  std::string hidden_folder{};
};

// Leaves outcome.test, reason and (but for a set-up failure's) hint to others.
Outcome judge(const Facts& facts);

}  // namespace sandbox
