// What ctest and the sandboxes' reports say → what became of each test.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ctest/arrange.h"
#include "report/suite.h"

namespace sandbox::ctest {

// One test as CTest's own JUnit file (--output-junit) has it.
struct CtestResult {
  std::string name{};
  std::string status{};  // "run", "fail", "notrun", "disabled"
  std::string message{};
  double seconds = 0;
  std::string output{};
};

// Throws Error where it is not that.
std::vector<CtestResult> parse_ctest_junit(const std::string& xml);

// Tests that did not take part are left out. `results` may be empty: ctest was ended before it
// wrote them; then the reports alone tell.
std::vector<SuiteTest> conclude(const std::vector<ListedTest>& tests, const Arranged& arranged,
                                const std::vector<CtestResult>& results);

}  // namespace sandbox::ctest
