// Asks a GoogleTest program, in a sandbox, for its TESTs.
#pragma once

#include "report/report.h"
#include "runner/options.h"
#include "runner/program.h"
#include "sandbox/runs.h"

namespace sandbox::runner {

// Those that its --gtest_filter selects. Throws Error where the program gives no list (it crashes,
// hangs, is no GoogleTest program) or lists no TEST: exit code 1, or the sandbox's own. Throws
// Interrupted.
TestList list_tests(Runs& runs, const Options& options);

}  // namespace sandbox::runner
