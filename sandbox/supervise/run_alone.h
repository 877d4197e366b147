// A run that has this process to itself: the loop, and the signals that interrupt it.
#pragma once

#include <functional>
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

// `tell` gets the report once the run has ended and its sandbox is reaped, but before what the run
// holds is closed and freed: who ends there leaves that to the kernel. Returns what it returns.
int run_alone(const Policy& policy, const RunOptions& options,
              const std::function<int(Report)>& tell);

}  // namespace sandbox
