#include "runner/suite_report.h"

#include <cerrno>
#include <nlohmann/json.hpp>

#include "report/suite.h"
#include "report/text.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sandbox::runner {
namespace {

using Json = nlohmann::json;

const char* result_of(const SuiteResult& suite) {
  if (suite.sandbox_failure) return "sandbox-failed";
  if (suite.interrupted_by) return "interrupted";
  return suite.all_well() ? "passed" : "failed";
}

// The output of what went well is nobody's business.
SuiteAttempt suite_attempt(const Attempt& attempt) {
  return {attempt.verdict,
          attempt.reason,
          attempt.hint,
          attempt.seconds,
          attempt.end == TestEnd::passed ? "" : attempt.output,
          attempt.run_id,
          attempt.figures};
}

SuiteTest suite_test(const TestCase& test, const TestResult& result) {
  SuiteTest entry{test.full_name(), test.file, test.line, result.state(), {}};
  for (const Attempt& attempt : result.attempts) entry.attempts.push_back(suite_attempt(attempt));
  return entry;
}

}  // namespace

std::string suite_report_text(const SuiteResult& suite, const Options& options,
                              const std::string& run_id) {
  SuiteReport report;
  report.run_id = run_id;
  report.command = options.given;
  report.started_at = timestamp(suite.began);
  report.wall_seconds = suite.seconds;
  report.result = result_of(suite);
  if (suite.sandbox_failure) report.reason = suite.sandbox_failure->reason;
  for (std::size_t i = 0; i < suite.tests.size(); ++i) {
    if (suite.selected[i]) report.tests.push_back(suite_test(suite.tests[i], suite.results[i]));
  }
  for (const ProgramFailure& failure : suite.failures)
    report.failures.push_back(
        {failure.verdict, failure.reason, failure.hint, failure.output, failure.run_id});
  report.passed_before = suite.passed_before;
  return to_json(report);
}

std::map<std::string, EarlierTest> read_suite_report(const std::string& path) {
  const auto text = read_file(path);
  if (!text) throw Error{"cannot read the suite report " + path, errno};
  const Json json = Json::parse(*text, nullptr, false);
  if (!json.is_object() || json.value("schema", "") != kSuiteSchema)
    throw Error{path + " is no suite report (" + kSuiteSchema + ")", 0,
                "sandbox-gtest --report FILE writes one"};
  std::map<std::string, EarlierTest> tests;
  try {
    for (const Json& test : json.at("tests")) {
      const std::string result = test.at("result").get<std::string>();
      EarlierTest& earlier = tests[test.at("name").get<std::string>()];
      earlier.passed = result == "passed" || result == "skipped" || result == "disabled";
      if (!test.at("attempts").empty())
        earlier.seconds = test.at("attempts").back().at("seconds").get<double>();
    }
    for (const Json& name : json.at("passed_before")) tests[name.get<std::string>()].passed = true;
    // Of a program that failed by itself nothing has passed for good.
    if (!json.at("failures").empty()) {
      for (auto& [name, earlier] : tests) earlier.passed = false;
    }
  } catch (const Json::exception& error) {
    throw Error{path + ": " + error.what()};
  }
  return tests;
}

}  // namespace sandbox::runner
