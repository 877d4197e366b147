// What was seen of one run, before anything is concluded from it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "cgroup/group.h"
#include "child/program.h"
#include "report/report.h"
#include "supervise/machine.h"

namespace sandbox {

using Clock = std::chrono::steady_clock;

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
  std::optional<double> timeout{};  // seconds, where the caller ended it as if that were its limit
  // rusage of PID 1 with all that it reaped; unknown where it is another process's child.
  std::optional<double> init_cpu_user{};
  std::optional<double> init_cpu_system{};
  // Taken before PID 1 was killed, which then reaps nobody; only where no group counts.
  std::optional<double> cpu_user_before_kill{};
  std::optional<double> cpu_system_before_kill{};
  std::uint64_t max_rss_bytes = 0;
  std::optional<GroupCounters> at_end{};  // read while the fresh places still existed
  bool killed_by_us = false;
  bool kill_watch_active = false;
  bool kill_from_inside_seen = false;
  bool kill_from_inside_named = false;
  std::vector<Event> events{};
  std::vector<ThreadState> hang{};
  std::vector<ThreadState> leaks{};
  std::vector<TestRecord> tests{};  // as a listener told of them
  std::size_t tests_not_kept = 0;
  bool other_tests_told = false;    // by a second program, while the first went on
  std::string channel_closed_in{};  // this TEST, though the program went on
  std::string running_test{};       // when the run ended; empty: none that is known
};

}  // namespace sandbox
