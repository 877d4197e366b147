// Watches one sandbox from its launch to its end: the only event loop.
#pragma once

#include <signal.h>

#include <chrono>
#include <optional>
#include <span>
#include <vector>

#include "cgroup/group.h"
#include "child/program.h"
#include "plan/plan.h"
#include "policy/policy.h"
#include "report/report.h"
#include "supervise/machine.h"

namespace sandbox {

using Clock = std::chrono::steady_clock;

// What was seen, before anything is concluded from it.
struct Observation {
  std::optional<child::Message> setup_failure{};
  std::optional<child::Message> end{};  // the main process's
  Cause cause = Cause::none;
  int interrupt_signal = 0;
  int typed_signal = 0;  // on the terminal, which has sent it to the test as well
  std::optional<Clock::time_point> started{};
  Clock::time_point ended{};
  std::optional<std::uint64_t> oom_kills_before{};  // counted when we acted
  std::optional<double> cpu_at_deadline{};
  double init_cpu_user = 0;  // rusage of PID 1 with all that it reaped
  double init_cpu_system = 0;
  std::uint64_t max_rss_bytes = 0;
  std::optional<GroupCounters> at_end{};  // read while the fresh places still existed
  bool killed_by_us = false;
  bool kill_watch_active = false;
  bool kill_from_inside_seen = false;
  bool kill_from_inside_named = false;
  std::vector<Event> events{};
  std::vector<ThreadState> hang{};
  std::vector<ThreadState> leaks{};
};

struct Watched {
  const Plan& plan;
  const Policy& policy;
  const Group& group;
  std::span<char> command_line;  // overwritten in the sandbox's copy
  const sigset_t& caller_mask;   // the test's signal mask, and the loop's while it runs
  bool terminal = false;         // the test shares the caller's terminal
  Clock::time_point began;
};

// Launches and returns once PID 1 is reaped. Throws Error when it could not be launched.
Observation supervise(const Watched& watched);

}  // namespace sandbox
