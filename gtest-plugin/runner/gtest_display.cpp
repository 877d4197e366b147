#include <unistd.h>

#include <cmath>
#include <map>
#include <set>
#include <string>

#include "report/text.h"
#include "report/write.h"
#include "runner/display.h"

namespace sandbox::runner {
namespace {

std::string counted(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string in_ms(double seconds) {
  return std::to_string(std::lround(seconds * 1000)) + " ms";
}

// As gtest says where a failure is, for those who make it a link.
std::string place_of(const TestCase& test) {
  return test.file.empty() ? "unknown file" : test.file + ":" + std::to_string(test.line);
}

const char* mark_of(TestEnd end) {
  switch (end) {
    case TestEnd::passed:
      return "[       OK ] ";
    case TestEnd::failed:
      return "[  FAILED  ] ";
    case TestEnd::skipped:
      return "[  SKIPPED ] ";
  }
  return "";
}

}  // namespace

std::string slow_ones(const SuiteResult& suite, const Options& options) {
  std::string text;
  for (std::size_t i = 0; options.slow && i < suite.tests.size(); ++i) {
    const TestResult& result = suite.results[i];
    const double limit = std::chrono::duration<double>(*options.slow).count();
    if (result.attempts.empty() || result.attempts.back().seconds <= limit) continue;
    text += "sandbox-gtest: slow: " + suite.tests[i].full_name() + " took " +
            in_ms(result.attempts.back().seconds) + "\n";
  }
  return text;
}

namespace {

class GtestDisplay : public Display {
 public:
  GtestDisplay(const Options& options, const TestList& tests)
      : options_(options),
        tests_(tests),
        at_once_(options.jobs == 1 || !options.capture),
        brief_(options.brief) {}

  void begin(const SuiteResult& suite) override {
    write("[==========] Running " + totals(suite) +
          ".\n[----------] Global test environment set-up.\n");
  }

  void on_text(Run run, std::string_view text) override {
    Shown& shown = shown_[run];
    say(run, text);
    shown.line_is_open = !text.ends_with('\n');
  }

  void on_suite(Run run, std::string_view line) override { say_frame(run, line); }
  void on_suite_end(Run run, std::string_view line) override { say_frame(run, line); }

  void on_start(Run run, std::size_t test) override {
    shown_[run].running = test;
    say_frame(run, "[ RUN      ] " + tests_[test].full_name() + "\n");
  }

  void on_end(Run run, std::size_t test, std::string_view line) override {
    Shown& shown = shown_[run];
    shown.running = TestList::npos;
    shown.ended.insert(test);
    shown.line_is_open = false;
    if (line.starts_with("[  FAILED  ]")) {
      say(run, line);
    } else {
      say_frame(run, line);
    }
  }

  void on_conclusion(Run run, const Conclusion& conclusion) override {
    for (const auto& [test, attempt] : conclusion.attempts) {
      if (!shown_[run].ended.contains(test)) say_unseen(run, test, attempt);
    }
    if (conclusion.failure) say_failure(run, *conclusion.failure);
    write(shown_[run].held);
    shown_.erase(run);
  }

  void end(const SuiteResult& suite) override {
    std::string text = "[----------] Global test environment tear-down\n[==========] " +
                       totals(suite) + " ran. (" + in_ms(suite.seconds) + " total)\n";
    const std::size_t passed = suite.count(TestState::passed) + suite.count(TestState::flaky);
    text += "[  PASSED  ] " + counted(passed, "test") + ".\n";
    text += list_of(suite, TestState::skipped, "[  SKIPPED ] ");
    text += list_of(suite, TestState::failed, "[  FAILED  ] ");
    for (const ProgramFailure& failure : suite.failures)
      text += "[  FAILED  ] " + one_line(failure.reason) + "\n";
    if (const std::size_t failed = suite.count(TestState::failed))
      text += "\n " + std::to_string(failed) + (failed == 1 ? " FAILED TEST\n" : " FAILED TESTS\n");
    if (const std::size_t disabled = suite.count(TestState::disabled))
      text += (suite.count(TestState::failed) ? "  YOU HAVE " : "\n  YOU HAVE ") +
              std::to_string(disabled) +
              (disabled == 1 ? " DISABLED TEST\n\n" : " DISABLED TESTS\n\n");
    write(slow_ones(suite, options_) + notes(suite) + text);
  }

 private:
  // What has been written of one sandbox.
  struct Shown {
    std::string held{};  // until it has ended, where others run meanwhile
    std::set<std::size_t> ended{};
    std::size_t running = TestList::npos;
    bool line_is_open = false;
  };

  static void write(std::string_view text) { (void)write_text(STDOUT_FILENO, text); }

  void say(Run run, std::string_view text) {
    if (at_once_) {
      write(text);
    } else {
      shown_[run].held += text;
    }
  }

  // Left out by --gtest_brief.
  void say_frame(Run run, std::string_view text) {
    if (!brief_) say(run, text);
  }

  void say_unseen(Run run, std::size_t test, const Attempt& attempt) {
    const std::string name = tests_[test].full_name();
    Shown& shown = shown_[run];
    std::string text;
    if (shown.line_is_open) text += "\n";
    if (shown.running != test) text += "[ RUN      ] " + name + "\n";
    if (attempt.end == TestEnd::failed) text += place_of(tests_[test]) + ": Failure\n";
    if (!attempt.reason.empty()) text += "sandbox-gtest: " + attempt.reason + "\n";
    if (!attempt.hint.empty()) text += "hint: " + attempt.hint + "\n";
    text += mark_of(attempt.end) + name + " (" + in_ms(attempt.seconds) + ")\n";
    shown.line_is_open = false;
    say(run, text);
  }

  void say_failure(Run run, const ProgramFailure& failure) {
    std::string text = shown_[run].line_is_open ? "\n" : "";
    text += "sandbox-gtest: " + failure.reason + "\n";
    if (!failure.hint.empty()) text += "hint: " + failure.hint + "\n";
    say(run, text);
  }

  static std::string totals(const SuiteResult& suite) {
    std::set<std::string> suites;
    std::size_t tests = 0;
    for (std::size_t i = 0; i < suite.tests.size(); ++i) {
      if (!suite.selected[i] || suite.results[i].disabled) continue;
      ++tests;
      suites.insert(suite.tests[i].suite);
    }
    return counted(tests, "test") + " from " + counted(suites.size(), "test suite");
  }

  static std::string list_of(const SuiteResult& suite, TestState state, const std::string& mark) {
    const std::size_t count = suite.count(state);
    if (count == 0) return "";
    std::string text = mark + counted(count, "test") + ", listed below:\n";
    for (std::size_t i = 0; i < suite.tests.size(); ++i) {
      if (suite.selected[i] && suite.results[i].state() == state)
        text += mark + suite.tests[i].full_name() + parameters(suite.tests[i]) + "\n";
    }
    return text;
  }

  static std::string parameters(const TestCase& test) {
    std::string text;
    if (!test.type_param.empty()) text += ", where TypeParam = " + test.type_param;
    if (!test.value_param.empty())
      text += (text.empty() ? ", where " : " and ") + ("GetParam() = " + test.value_param);
    return text;
  }

  // What gtest has no words for.
  static std::string notes(const SuiteResult& suite) {
    std::string text;
    for (std::size_t i = 0; i < suite.tests.size(); ++i) {
      if (suite.results[i].state() == TestState::flaky)
        text += "sandbox-gtest: flaky: " + suite.tests[i].full_name() + " passed at attempt " +
                std::to_string(suite.results[i].attempts.size()) + "\n";
    }
    if (const std::size_t left = suite.count(TestState::not_run))
      text += "sandbox-gtest: " + counted(left, "test") + " did not run\n";
    return text;
  }

  const Options& options_;
  const TestList& tests_;
  const bool at_once_;
  const bool brief_;
  std::map<Run, Shown> shown_{};
};

}  // namespace

std::unique_ptr<Display> make_gtest_display(const Options& options, const TestList& tests) {
  return std::make_unique<GtestDisplay>(options, tests);
}

}  // namespace sandbox::runner
