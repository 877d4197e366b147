// The report of a whole run of sandbox-gtest: schema sandbox-suite/1 (docs/sandbox-gtest.md).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runner/options.h"
#include "runner/result.h"

namespace sandbox::runner {

std::string suite_report_text(const SuiteResult& suite, const Options& options,
                              const std::string& run_id);

// What a later run wants of it, by the TEST's full name.
struct EarlierTest {
  bool passed = false;  // or was skipped, or is disabled
  double seconds = 0;
};

// Throws Error where the file cannot be read or is no suite report.
std::map<std::string, EarlierTest> read_suite_report(const std::string& path);

}  // namespace sandbox::runner
