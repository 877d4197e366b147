#include "runner/conclude.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "policy/choices.h"
#include "report/names.h"

namespace sandbox::runner {
namespace {

std::string verdict_name(const Report& report) {
  return std::string{choice_name(kVerdicts, report.outcome.verdict)};
}

std::string shown_command(const Report& report) {
  return report.command.empty() ? report.name : report.command.front();
}

TestEnd end_in(pugi::xml_node test) {
  if (test.child("failure")) return TestEnd::failed;
  return std::string_view{test.attribute("result").value()} == "skipped" ? TestEnd::skipped
                                                                         : TestEnd::passed;
}

const char* verdict_of(TestEnd end) {
  switch (end) {
    case TestEnd::passed:
      return "passed";
    case TestEnd::failed:
      return "failed";
    case TestEnd::skipped:
      return "skipped";
  }
  return "";
}

// How the program ended, where its own report calls that no failure or has no words for it.
std::string reason_of(const Report& report) {
  const std::string program = shown_command(report);
  if (report.outcome.verdict == Verdict::passed) return program + " ended with exit status 0";
  if (!report.outcome.reason.empty()) return report.outcome.reason;
  return program + " ended with exit status " +
         std::to_string(report.outcome.exit.code.value_or(1));
}

bool is_timeout(const Event& event) {
  const auto limit = event.details.find("limit");
  return event.kind == "deadline" && limit != event.details.end() &&
         limit->second == std::variant<std::string, std::int64_t>{"timeout"};
}

class Concluder {
 public:
  Concluder(const RunRecord& record, const TestList& tests) : record_(record), tests_(tests) {
    for (const SeenTest& seen : record.seen) {
      const SeenTest*& kept = seen_[seen.test];
      if (!kept || kept->end != TestEnd::failed || !seen.end) kept = &seen;
    }
    for (const TestRecord& told : record.report.tests) {
      const TestRecord*& kept = told_[told.name];
      if (!kept || kept->result != "failed") kept = &told;
    }
  }

  Conclusion conclude() {
    const std::size_t guilty = whose_end();
    for (const std::size_t test : record_.wanted) {
      if (test != guilty && !take_from_xml(test)) take_what_was_told(test);
    }
    const Verdict verdict = outcome().verdict;
    if (verdict == Verdict::setup_failed || verdict == Verdict::interrupted) return finish();
    if (is_wanted(guilty)) blame_test(guilty);
    if (has_whole_xml()) {
      judge_whole_run();
    } else if (!is_wanted(guilty)) {
      judge_end_between_tests();
    }
    return finish();
  }

 private:
  const Outcome& outcome() const { return record_.report.outcome; }

  // We found the program at work; else something else was quicker.
  bool timed_out() const {
    return record_.timed_out && std::ranges::any_of(record_.report.events, is_timeout);
  }

  // No TEST ran, and none began for as long as one may take.
  bool stood_still() const { return timed_out() && *record_.timed_out == TestList::npos; }

  // Of what is no TEST's own end.
  std::string reason() const {
    return stood_still() ? "no TEST began for longer than --test-timeout allows"
                         : reason_of(record_.report);
  }

  const SeenTest* seen(std::size_t test) const {
    const auto found = seen_.find(test);
    return found == seen_.end() ? nullptr : found->second;
  }

  bool is_wanted(std::size_t test) const { return std::ranges::count(record_.wanted, test) > 0; }

  // The TEST in which the program ended, or for which we ended it: its own words count for less.
  // npos: none, or the program was well.
  std::size_t whose_end() const {
    const std::size_t told = tests_.find(outcome().test);
    if (timed_out()) {
      // A program that closed its standard output shows no end of a TEST.
      const bool stale = told != TestList::npos && told != *record_.timed_out;
      if (stale) return took_too_long(told) ? told : TestList::npos;
      return *record_.timed_out;
    }
    if (told != TestList::npos || has_whole_xml()) return told;
    const bool runs = !record_.seen.empty() && !record_.seen.back().end;
    return runs ? record_.seen.back().test : TestList::npos;
  }

  bool took_too_long(std::size_t test) const {
    const auto record = told_.find(tests_[test].full_name());
    return record != told_.end() &&
           record->second->wall_seconds.value_or(0) >= outcome().evidence.limit_seconds.value_or(0);
  }

  // The listener, or the stream, shows that the program ended in a TEST after it was written: by
  // another RUN_ALL_TESTS(), or by a child that took its parent's way.
  bool has_whole_xml() const {
    if (!record_.xml || tests_.find(outcome().test) != TestList::npos) return false;
    const bool in_a_test = !record_.seen.empty() && !record_.seen.back().end;
    return !(record_.xml_is_old && in_a_test);
  }

  bool take_from_xml(std::size_t test) {
    if (!has_whole_xml()) return false;
    const TestCase& known = tests_[test];
    const pugi::xml_node node = record_.xml->find(known.suite, known.name);
    if (std::string_view{node.attribute("status").value()} != "run") return false;
    const bool failed_before = end_told(test) == TestEnd::failed;  // in an earlier round
    Attempt attempt = attempt_at(test, failed_before ? TestEnd::failed : end_in(node));
    attempt.seconds = std::max(attempt.seconds, node.attribute("time").as_double());
    if (attempt.end == end_in(node)) attempt.xml = record_.xml;
    add(test, std::move(attempt));
    return true;
  }

  void take_what_was_told(std::size_t test) {
    if (const auto end = end_told(test)) add(test, attempt_at(test, *end));
  }

  // By the stream and by a listener; a failure is one whoever tells of it.
  std::optional<TestEnd> end_told(std::size_t test) const {
    const SeenTest* const found = seen(test);
    const auto record = told_.find(tests_[test].full_name());
    const std::string_view told =
        record == told_.end() ? std::string_view{} : std::string_view{record->second->result};
    const auto shown = found ? found->end : std::nullopt;
    if (shown == TestEnd::failed || told == "failed") return TestEnd::failed;
    if (shown) return shown;
    if (told == "skipped") return TestEnd::skipped;
    return told == "passed" ? std::optional{TestEnd::passed} : std::nullopt;
  }

  Attempt attempt_at(std::size_t test, TestEnd end) const {
    Attempt attempt;
    attempt.end = end;
    attempt.verdict = verdict_of(end);
    attempt.run_id = record_.report.run_id;
    attempt.began = record_.began;
    attempt.figures = figures(test);
    if (const SeenTest* found = seen(test)) {
      attempt.began = found->began;
      attempt.seconds = found->seconds;
      attempt.output = found->output;
    }
    if (attempt.figures && attempt.figures->wall_seconds && record_.wanted.size() > 1)
      attempt.seconds = *attempt.figures->wall_seconds;
    const bool oom = attempt.figures && attempt.figures->oom_kills.value_or(0) > 0;
    if (end == TestEnd::failed && oom) {
      attempt.verdict = "out-of-memory";
      attempt.reason = "the kernel killed a process of it for want of memory";
    }
    return attempt;
  }

  // A listener's; else those of a sandbox that was this TEST's alone.
  std::optional<TestRecord> figures(std::size_t test) const {
    const Report& report = record_.report;
    const std::string name = tests_[test].full_name();
    if (const auto told = told_.find(name); told != told_.end()) return *told->second;
    if (record_.wanted.size() != 1 || !report.tests.empty()) return std::nullopt;
    TestRecord own = figures_of_run(report.usage);
    own.name = name;
    return own;
  }

  // All TESTs have ended. What failed then was none of theirs, unless gtest's status 1 tells of one
  // that failed.
  void judge_whole_run() {
    const bool expected =
        outcome().exit.code == 1 && std::ranges::any_of(conclusion_.attempts, [](const auto& each) {
          return each.second.end == TestEnd::failed;
        });
    const std::string outside = failure_outside_tests();
    if (!record_.failed_suites.empty()) {
      fail_program("SetUpTestSuite or TearDownTestSuite of " + record_.failed_suites.front() +
                   " failed");
    } else if (!outside.empty()) {
      fail_program(outside);
      conclusion_.failure->is_in_xml = true;
    } else if (!record_.failure_after.empty()) {
      fail_program(record_.failure_after + ", after its TESTs");
    }
    const bool explained = timed_out() || (conclusion_.failure && outcome().exit.code == 1);
    if (outcome().verdict != Verdict::passed && !expected && !explained)
      fail_program(reason() + ", after its TESTs");
    for (const std::size_t test : record_.wanted) {
      if (!concluded_.contains(test)) fail(test, shown_command(record_.report) + " did not run it");
    }
  }

  // gtest's own element for failures of an environment, or of a suite.
  std::string failure_outside_tests() const {
    for (const pugi::xml_node suite : record_.xml->root().children("testsuite")) {
      for (const pugi::xml_node test : suite.children("testcase")) {
        const bool unnamed = std::string_view{test.attribute("name").value()}.empty();
        if (unnamed && test.child("failure"))
          return test.child("failure").attribute("message").value();
      }
    }
    return "";
  }

  // Whose suite is known to have begun costs that suite's TESTs; else nobody's.
  void judge_end_between_tests() {
    const bool shown = timed_out() && !stood_still();  // a TEST that ran no more, or was not wanted
    if (shown && !conclusion_.attempts.empty()) return;
    if (conclusion_.attempts.empty() || has_open_suite()) return blame_beginning();
    fail_program(reason() + ", between its TESTs");
  }

  bool is_of_open_suite(std::size_t test) const {
    return tests_[test].suite == record_.suite && !concluded_.contains(test);
  }

  bool has_open_suite() const {
    return std::ranges::any_of(record_.wanted, [&](auto test) { return is_of_open_suite(test); });
  }

  void blame_test(std::size_t test) {
    Attempt attempt = attempt_at(test, TestEnd::failed);
    const bool quiet = outcome().verdict == Verdict::passed;  // exit(0)
    attempt.verdict = timed_out() ? "timed-out" : quiet ? "failed" : verdict_name(record_.report);
    attempt.reason = reason_of(record_.report) + (quiet ? " in the middle of it" : "");
    if (timed_out()) attempt.reason = "it ran longer than --test-timeout allows";
    attempt.hint = outcome().hint;
    add(test, std::move(attempt));
  }

  // The suite that began, or else all: no TEST had its turn.
  void blame_beginning() {
    const bool suite_known = has_open_suite();
    for (const std::size_t test : record_.wanted) {
      if (suite_known && !is_of_open_suite(test)) continue;
      fail(test, reason() + (suite_known ? ", before a TEST of its suite began"
                                         : ", before a TEST began"));
    }
  }

  void fail(std::size_t test, const std::string& reason) {
    Attempt attempt = attempt_at(test, TestEnd::failed);
    attempt.verdict =
        outcome().verdict == Verdict::passed ? "failed" : verdict_name(record_.report);
    attempt.reason = reason;
    attempt.hint = outcome().hint;
    attempt.output = record_.outside;
    add(test, std::move(attempt));
  }

  void fail_program(const std::string& reason) {
    ProgramFailure failure;
    failure.verdict =
        outcome().verdict == Verdict::passed ? "failed" : verdict_name(record_.report);
    failure.reason = reason;
    failure.hint = outcome().hint;
    failure.output = record_.outside;
    failure.began = record_.began;
    failure.run_id = record_.report.run_id;
    conclusion_.failure = std::move(failure);
  }

  void add(std::size_t test, Attempt attempt) {
    concluded_.insert(test);
    conclusion_.attempts.emplace_back(test, std::move(attempt));
  }

  Conclusion finish() {
    for (const std::size_t test : record_.wanted) {
      if (!concluded_.contains(test)) conclusion_.remaining.push_back(test);
    }
    return std::move(conclusion_);
  }

  const RunRecord& record_;
  const TestList& tests_;
  std::map<std::size_t, const SeenTest*> seen_{};  // a failure, else the last time
  std::map<std::string_view, const TestRecord*> told_{};
  std::set<std::size_t> concluded_{};
  Conclusion conclusion_{};
};

}  // namespace

Conclusion conclude(const RunRecord& record, const TestList& tests) {
  return Concluder{record, tests}.conclude();
}

}  // namespace sandbox::runner
