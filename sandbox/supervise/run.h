// One run, whole: probe, plan, launch, supervise, report.
#pragma once

#include <span>

#include "launch/held_signals.h"
#include "policy/policy.h"
#include "report/report.h"
#include "sys/error.h"

namespace sandbox {

struct RunOptions {
  // The caller's own argv in memory: overwritten in the sandbox's copy, since it may hold secrets
  // that /proc/1/cmdline would show.
  std::span<char> command_line{};
  // Held by the caller until the report is written, so that no signal can cost it; the run lets
  // them through while its loop handles them.
  const HeldSignals& held;
};

// The report of a run that was refused before it began: bad options.
Report refuse(const Policy& policy, const Error& error);

// Never throws for what can go wrong in a run: a failed set-up is a report too. Writes no report
// and prints nothing. `policy` must be complete (policy/policy.h).
Report run(const Policy& policy, const RunOptions& options);

}  // namespace sandbox
