#include "report/suite.h"

#include <algorithm>
#include <array>

#include "policy/choices.h"
#include "policy/json_keys.h"
#include "report/keys.h"

namespace sandbox {
namespace {

constexpr std::array<Choice<TestState>, 6> kStates{{{"not-run", TestState::not_run},
                                                    {"disabled", TestState::disabled},
                                                    {"passed", TestState::passed},
                                                    {"flaky", TestState::flaky},
                                                    {"skipped", TestState::skipped},
                                                    {"failed", TestState::failed}}};

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

constexpr auto kSuiteTestKeys = [](auto& keys, auto& test) {
  keys.field("name", test.name);
  keys.unless_empty("file", test.file);
  keys.unless_empty("line", test.line);
  keys.word("result", kStates, test.result);
  keys.list("attempts", test.attempts, kAttemptKeys);
};

constexpr auto kSuiteFailureKeys = [](auto& keys, auto& failure) {
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

constexpr auto kSuiteKeys = [](auto& keys, auto& suite) {
  keys.derived("schema", kSuiteSchema);
  keys.field("run_id", suite.run_id);
  keys.field("version", SANDBOX_VERSION);
  keys.field("command", suite.command);
  keys.field("started_at", suite.started_at);
  keys.field("wall_seconds", suite.wall_seconds);
  keys.field("result", suite.result);
  keys.unless_empty("reason", suite.reason);
  keys.part("counts", suite, kCountKeys);
  keys.list("tests", suite.tests, kSuiteTestKeys);
  keys.list("failures", suite.failures, kSuiteFailureKeys);
  keys.field("passed_before", suite.passed_before);
};

}  // namespace

std::size_t SuiteReport::count(TestState state) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(tests, [&](const SuiteTest& test) { return test.result == state; }));
}

std::string to_json(const SuiteReport& suite) {
  return KeyWriter::written(suite, kSuiteKeys, JsonLayout::indented) + "\n";
}

TestRecord figures_of_run(const Usage& usage) {
  TestRecord own;
  own.wall_seconds = usage.wall_seconds.value;
  own.cpu_user_seconds = usage.cpu_user_seconds.value;
  own.cpu_system_seconds = usage.cpu_system_seconds.value;
  own.cpu_throttled_seconds = usage.cpu_throttled_seconds.value;
  own.memory_peak_bytes = usage.memory_peak_bytes.value;
  own.oom_kills = usage.oom_kills.value;
  return own;
}

}  // namespace sandbox
