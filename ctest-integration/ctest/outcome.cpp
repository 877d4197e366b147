#include "ctest/outcome.h"

#include <algorithm>
#include <map>
#include <optional>
#include <pugixml.hpp>

#include "policy/choices.h"
#include "report/names.h"
#include "report/read.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sandbox::ctest {
namespace {

std::optional<Report> read_report(const std::string& path) {
  const auto text = path.empty() ? std::nullopt : read_file(path);
  if (!text) return std::nullopt;
  try {
    return parse_report(*text);
  } catch (const Error&) {
    return std::nullopt;  // half of one, or a test's own
  }
}

TestState state_of(const CtestResult& result) {
  if (result.status == "run") return TestState::passed;
  if (result.status == "disabled") return TestState::disabled;
  if (result.status == "fail") return TestState::failed;
  return result.message.starts_with("SKIP_") ? TestState::skipped : TestState::not_run;
}

SuiteAttempt attempt_of(const Report& report) {
  SuiteAttempt attempt;
  attempt.verdict = choice_name(kVerdicts, report.outcome.verdict);
  attempt.reason = report.outcome.reason;
  attempt.hint = report.outcome.hint;
  attempt.seconds = report.usage.wall_seconds.value.value_or(0);
  attempt.run_id = report.run_id;
  attempt.figures = figures_of_run(report.usage);
  return attempt;
}

SuiteAttempt killed(const std::string& reason) {
  SuiteAttempt attempt;
  attempt.verdict = "killed";
  attempt.reason = reason;
  return attempt;
}

class Concluder {
 public:
  explicit Concluder(const std::vector<CtestResult>& results) : ctest_told_(!results.empty()) {
    for (const CtestResult& result : results) results_[result.name].push_back(&result);
  }

  void take(const ListedTest& test, const Arrangement& arrangement) {
    const CtestResult* const result = next(test.name);
    if (ctest_told_ && !result) return;
    const std::optional<Report> report = read_report(arrangement.report);
    if (!result && !report) return;
    SuiteTest entry;
    entry.name = test.name;
    if (result) {
      entry.result = state_of(*result);
    } else {
      entry.result =
          report->outcome.verdict == Verdict::passed ? TestState::passed : TestState::failed;
    }
    if (report) entry.attempts.push_back(attempt_of(*report));
    if (result) add_ctests_words(entry, *result);
    suite_.push_back(std::move(entry));
  }

  // CTest ran what it had not listed.
  void take_the_rest() {
    for (const auto& [name, results] : results_) {
      for (std::size_t i = taken_[name]; i < results.size(); ++i) {
        SuiteTest entry;
        entry.name = name;
        entry.result = TestState::failed;
        entry.attempts.push_back(killed("it was not listed before: the build tree has changed"));
        entry.attempts.back().verdict = "setup-failed";
        suite_.push_back(std::move(entry));
      }
    }
  }

  std::vector<SuiteTest> finish() { return std::move(suite_); }

 private:
  // Of several of one name CTest's list is in the order of theirs.
  const CtestResult* next(const std::string& name) {
    const auto found = results_.find(name);
    if (found == results_.end()) return nullptr;
    std::size_t& taken = taken_[name];
    return taken < found->second.size() ? found->second[taken++] : nullptr;
  }

  static void add_ctests_words(SuiteTest& entry, const CtestResult& result) {
    if (entry.attempts.empty() && result.status == "run") {
      entry.result = TestState::failed;
      entry.attempts.push_back(killed("it ran without a sandbox, or its report was taken away"));
      entry.attempts.back().verdict = "setup-failed";
    }
    const bool failed = entry.result == TestState::failed;
    if (entry.attempts.empty() && failed)
      entry.attempts.push_back(killed("the launcher was killed before it could report" +
                                      (result.message.empty() ? "" : " (" + result.message + ")")));
    if (entry.attempts.empty() && entry.result == TestState::not_run)
      entry.attempts.push_back({.verdict = "setup-failed", .reason = "CTest: " + result.message});
    if (entry.attempts.empty()) return;
    SuiteAttempt& attempt = entry.attempts.back();
    if (failed && attempt.verdict == "passed") {  // by one of the test's properties
      attempt.verdict = "failed";
      attempt.reason = "CTest: " + result.message;
    }
    if (entry.result == TestState::skipped) attempt.verdict = "skipped";
    if (failed) attempt.output = result.output;
  }

  const bool ctest_told_;
  std::map<std::string, std::vector<const CtestResult*>> results_{};
  std::map<std::string, std::size_t> taken_{};
  std::vector<SuiteTest> suite_{};
};

}  // namespace

std::vector<CtestResult> parse_ctest_junit(const std::string& xml) {
  pugi::xml_document document;
  if (!document.load_buffer(xml.data(), xml.size())) throw Error{"CTest's JUnit file is no XML"};
  std::vector<CtestResult> results;
  for (const pugi::xml_node test : document.document_element().children("testcase")) {
    CtestResult result;
    result.name = test.attribute("name").value();
    result.status = test.attribute("status").value();
    result.seconds = test.attribute("time").as_double();
    result.output = test.child_value("system-out");
    for (const char* child : {"failure", "skipped"}) {
      if (test.child(child)) result.message = test.child(child).attribute("message").value();
    }
    results.push_back(std::move(result));
  }
  return results;
}

std::vector<SuiteTest> conclude(const std::vector<ListedTest>& tests, const Arranged& arranged,
                                const std::vector<CtestResult>& results) {
  Concluder concluder{results};
  for (std::size_t i = 0; i < tests.size(); ++i) concluder.take(tests[i], arranged.tests[i]);
  concluder.take_the_rest();
  return concluder.finish();
}

}  // namespace sandbox::ctest
