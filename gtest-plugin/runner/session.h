// All TESTs of a program, each in a sandbox, to the end.
#pragma once

#include "runner/display.h"
#include "runner/options.h"
#include "runner/result.h"
#include "sandbox/runs.h"

namespace sandbox::runner {

// What is selected of `tests` is run once, or as often as --retries says. SIGINT, SIGTERM and
// SIGHUP end it: what ran by then has its result. Throws Error where no sandbox can be asked for.
SuiteResult run_suite(Runs& runs, const Options& options, const TestList& tests, Display& display);

}  // namespace sandbox::runner
