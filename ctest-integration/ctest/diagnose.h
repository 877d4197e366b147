// --diagnose: the walls that the failed tests of a run ran into.
#pragma once

#include <string>
#include <vector>

#include "ctest/arrange.h"
#include "report/suite.h"

namespace sandbox::ctest {

// Looks at each that failed, and says on standard output what it finds. What lowers the walls is
// written to `file` for --per-test, together with what `per_test` says already ("": nothing). False
// where there was nothing to write. Throws Error.
bool diagnose_failed(const std::vector<ListedTest>& tests, const Arranged& arranged,
                     const SuiteReport& suite, const std::string& per_test,
                     const std::string& file);

}  // namespace sandbox::ctest
