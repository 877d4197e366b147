// A suite report as JUnit XML, with the reason of each failure.
#pragma once

#include <string>

#include "report/suite.h"

namespace sandbox::ctest {

// <failure> for a test that failed by itself, <error type="VERDICT"> for another end and for one
// that could not run, <skipped> for one that said so or is disabled; figures as properties. `name`:
// of the whole.
std::string junit_text(const SuiteReport& suite, const std::string& name);

}  // namespace sandbox::ctest
