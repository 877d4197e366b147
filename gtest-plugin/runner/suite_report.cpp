#include "runner/suite_report.h"

#include <array>
#include <cerrno>

#include "policy/choices.h"
#include "policy/json_keys.h"
#include "report/keys.h"
#include "report/text.h"
#include "sys/files.h"

namespace sandbox::runner {
namespace {

constexpr std::array<Choice<TestState>, 6> kStates{{{"not-run", TestState::not_run},
                                                    {"disabled", TestState::disabled},
                                                    {"passed", TestState::passed},
                                                    {"flaky", TestState::flaky},
                                                    {"skipped", TestState::skipped},
                                                    {"failed", TestState::failed}}};

// One TEST as it stands in the report.
struct TestEntry {
  std::string name{};
  std::string file{};
  int line = 0;
  TestState result = TestState::not_run;
  std::vector<Attempt> attempts{};
};

struct SuiteEntry {
  std::string run_id{};
  std::vector<std::string> command{};
  std::string started_at{};
  double wall_seconds = 0;
  std::string result{};
  std::string reason{};
  const SuiteResult* suite = nullptr;
  std::vector<TestEntry> tests{};
};

constexpr auto kAttemptKeys = [](auto& keys, auto& attempt) {
  keys.field("verdict", attempt.verdict);
  keys.unless_empty("reason", attempt.reason);
  keys.unless_empty("hint", attempt.hint);
  keys.field("seconds", attempt.seconds);
  keys.unless_empty("output", attempt.output);
  keys.unless_empty("run_id", attempt.run_id);
  keys.part_if(attempt.figures.has_value(), "usage", attempt.figures.value_or(TestRecord{}),
               kTestFigureKeys);
};

constexpr auto kTestEntryKeys = [](auto& keys, auto& test) {
  keys.field("name", test.name);
  keys.unless_empty("file", test.file);
  keys.unless_empty("line", test.line);
  keys.word("result", kStates, test.result);
  keys.list("attempts", test.attempts, kAttemptKeys);
};

constexpr auto kProgramFailureKeys = [](auto& keys, auto& failure) {
  keys.field("verdict", failure.verdict);
  keys.field("reason", failure.reason);
  keys.unless_empty("hint", failure.hint);
  keys.unless_empty("output", failure.output);
  keys.unless_empty("run_id", failure.run_id);
};

constexpr auto kCountKeys = [](auto& keys, auto& suite) {
  keys.field("passed", suite.count(TestState::passed));
  keys.field("flaky", suite.count(TestState::flaky));
  keys.field("failed", suite.count(TestState::failed));
  keys.field("skipped", suite.count(TestState::skipped));
  keys.field("disabled", suite.count(TestState::disabled));
  keys.field("not_run", suite.count(TestState::not_run));
};

constexpr auto kSuiteKeys = [](auto& keys, auto& entry) {
  keys.derived("schema", kSuiteSchema);
  keys.field("run_id", entry.run_id);
  keys.field("version", SANDBOX_VERSION);
  keys.field("command", entry.command);
  keys.field("started_at", entry.started_at);
  keys.field("wall_seconds", entry.wall_seconds);
  keys.field("result", entry.result);
  keys.unless_empty("reason", entry.reason);
  keys.part("counts", *entry.suite, kCountKeys);
  keys.list("tests", entry.tests, kTestEntryKeys);
  keys.list("failures", entry.suite->failures, kProgramFailureKeys);
  keys.field("passed_before", entry.suite->passed_before);
};

const char* result_of(const SuiteResult& suite) {
  if (suite.sandbox_failure) return "sandbox-failed";
  if (suite.interrupted_by) return "interrupted";
  return suite.all_well() ? "passed" : "failed";
}

// The output of what went well is nobody's business.
TestEntry entry_of(const TestCase& test, const TestResult& result) {
  TestEntry entry{test.full_name(), test.file, test.line, result.state(), result.attempts};
  for (Attempt& attempt : entry.attempts) {
    if (attempt.end == TestEnd::passed) attempt.output.clear();
  }
  return entry;
}

}  // namespace

std::string suite_report_text(const SuiteResult& suite, const Options& options,
                              const std::string& run_id) {
  SuiteEntry entry;
  entry.run_id = run_id;
  entry.command = options.given;
  entry.started_at = timestamp(suite.began);
  entry.wall_seconds = suite.seconds;
  entry.result = result_of(suite);
  if (suite.sandbox_failure) entry.reason = suite.sandbox_failure->reason;
  entry.suite = &suite;
  for (std::size_t i = 0; i < suite.tests.size(); ++i) {
    if (suite.selected[i]) entry.tests.push_back(entry_of(suite.tests[i], suite.results[i]));
  }
  return KeyWriter::written(entry, kSuiteKeys, JsonLayout::indented) + "\n";
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
