// A run that has this process to itself: the loop, and the signals that interrupt it.
#pragma once

#include <span>

#include "launch/held_signals.h"
#include "supervise/run.h"

namespace sandbox {

struct RunOptions {
  // The caller's own argv in memory: overwritten in the sandbox's copy, since it may hold secrets
  // that /proc/1/cmdline would show.
  std::span<char> command_line{};
  // Held by the caller until the report is written, so that no signal can cost it; the run's loop
  // reads them from a signalfd.
  const HeldSignals& held;
  EventSink sink{};  // told of events as they happen
};

// Returns once the run has ended and its sandbox is reaped.
Report run_alone(const Policy& policy, const RunOptions& options);

}  // namespace sandbox
