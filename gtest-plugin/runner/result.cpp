#include "runner/result.h"

#include <algorithm>

namespace sandbox::runner {

TestState TestResult::state() const {
  if (disabled) return TestState::disabled;
  if (attempts.empty()) return TestState::not_run;
  switch (attempts.back().end) {
    case TestEnd::failed:
      return TestState::failed;
    case TestEnd::skipped:  // at a retry: it has failed, and nothing says that it would pass
      return attempts.size() > 1 ? TestState::failed : TestState::skipped;
    case TestEnd::passed:
      break;
  }
  return attempts.size() > 1 ? TestState::flaky : TestState::passed;
}

std::size_t SuiteResult::count(TestState state) const {
  std::size_t found = 0;
  for (std::size_t i = 0; i < results.size(); ++i)
    found += selected[i] && results[i].state() == state;
  return found;
}

bool SuiteResult::all_well() const {
  return !sandbox_failure && interrupted_by == 0 && failures.empty() &&
         count(TestState::failed) == 0 && count(TestState::not_run) == 0;
}

}  // namespace sandbox::runner
