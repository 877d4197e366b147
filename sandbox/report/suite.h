// What became of many tests: the facts of one run of sandbox-gtest or sandbox-ctest as plain data.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "report/report.h"

namespace sandbox {

inline constexpr const char* kSuiteSchema = "sandbox-suite/1";

enum class TestState { not_run, disabled, passed, flaky, skipped, failed };

// One time that a test ran, or should have run.
struct SuiteAttempt {
  std::string verdict{};  // a verdict of the report, or "skipped"
  std::string reason{};
  std::string hint{};
  double seconds = 0;
  std::string output{};                 // of what did not pass
  std::string run_id{};                 // of its sandbox's own report
  std::optional<TestRecord> figures{};  // where they are known
};

struct SuiteTest {
  std::string name{};
  std::string file{};
  int line = 0;
  TestState result = TestState::not_run;
  std::vector<SuiteAttempt> attempts{};
};

// An end that no test is to blame for.
struct SuiteFailure {
  std::string verdict{};
  std::string reason{};
  std::string hint{};
  std::string output{};
  std::string run_id{};
};

struct SuiteReport {
  std::string run_id{};
  std::vector<std::string> command{};
  std::string started_at{};  // RFC 3339, UTC, milliseconds
  double wall_seconds = 0;
  std::string result{};  // "passed", "failed", "interrupted", "sandbox-failed"
  std::string reason{};
  std::vector<SuiteTest> tests{};
  std::vector<SuiteFailure> failures{};
  std::vector<std::string> passed_before{};

  std::size_t count(TestState state) const;
};

// Schema sandbox-suite/1 (docs/sandbox-suite-1.schema.json), with a newline at its end.
std::string to_json(const SuiteReport& suite);

// A run's own figures, for a test that had a sandbox to itself.
TestRecord figures_of_run(const Usage& usage);

}  // namespace sandbox
