// TESTs and runs for these tests.
#pragma once

#include <string>
#include <vector>

#include "runner/result.h"

namespace sandbox::runner {

// "A.x", "A.y", "B.z"
inline TestList three_tests() {
  return TestList::parse(R"({"testsuites": [
    {"name": "A", "testsuite": [{"name": "x", "file": "a.cpp", "line": 1},
                                {"name": "y", "file": "a.cpp", "line": 2}]},
    {"name": "B", "testsuite": [{"name": "z", "file": "b.cpp", "line": 3}]}]})");
}

inline SeenTest seen(std::size_t test, std::optional<TestEnd> end, std::string output = "") {
  SeenTest seen;
  seen.test = test;
  seen.end = end;
  seen.output = std::move(output);
  return seen;
}

// A run of all three that ended so.
inline RunRecord ended(Verdict verdict, std::optional<int> code = {},
                       std::optional<int> signal = {}) {
  RunRecord record;
  record.wanted = {0, 1, 2};
  record.report.command = {"./t"};
  record.report.run_id = "1-2";
  record.report.outcome.verdict = verdict;
  record.report.outcome.exit.code = code;
  record.report.outcome.exit.signal = signal;
  if (verdict != Verdict::passed) record.report.outcome.reason = "the reason";
  return record;
}

}  // namespace sandbox::runner
