// sandbox-ctest: options → build tree → shadow → ctest → reports → exit status.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/options.h"
#include "ctest/arrange.h"
#include "ctest/build_tree.h"
#include "ctest/command.h"
#include "ctest/diagnose.h"
#include "ctest/junit.h"
#include "ctest/options.h"
#include "ctest/outcome.h"
#include "ctest/per_test.h"
#include "ctest/shadow.h"
#include "report/json.h"
#include "report/run_id.h"
#include "report/suite.h"
#include "report/text.h"
#include "report/write.h"
#include "sys/error.h"
#include "sys/files.h"
#include "sys/unique_fd.h"

namespace sandbox::ctest {
namespace {

constexpr int kSandboxFailed = 125;
constexpr int kTestsFailed = 8;  // CTest's own

void tell(const std::string& text) {
  (void)write_text(STDERR_FILENO, "sandbox-ctest: " + text + "\n");
}

void tell(const Error& error) {
  tell(error.what());
  if (!error.hint().empty()) (void)write_text(STDERR_FILENO, "hint: " + error.hint() + "\n");
}

// The one beside this program, where it is installed.
std::string find_sandbox_exec() {
  if (const char* given = std::getenv("SANDBOX_EXEC")) return real_path(given).value_or(given);
  const std::string self = real_path("/proc/self/exe").value_or("");
  const std::string beside = self.substr(0, self.rfind('/') + 1) + "sandbox-exec";
  if (::access(beside.c_str(), X_OK) == 0) return beside;
  throw Error{"there is no sandbox-exec beside " + self, 0, "SANDBOX_EXEC names it"};
}

std::string counted(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

int list_only(const Options& options) {
  std::vector<std::string> command{"ctest"};
  if (!options.test_dir.empty()) command.insert(command.end(), {"--test-dir", options.test_dir});
  command.insert(command.end(), options.ctest_words.begin(), options.ctest_words.end());
  return run(command).status;
}

class Session {
 public:
  explicit Session(Options options) : options_(std::move(options)) {}

  int run() {
    tree_ = find_build_tree(options_);
    options_.policy = policy_of_tests(options_, tree_.build);
    tests_ = list_tests(tree_, options_);
    const std::vector<Rule> rules =
        options_.per_test.empty() ? std::vector<Rule>{} : read_rules(options_.per_test, world_);
    check_rules(rules, tests_);
    reports_ = options_.report_dir.empty() ? tree_.build + "/Testing/sandbox" : options_.report_dir;
    arranged_ = arrange(tests_, tree_, options_, rules, {find_sandbox_exec(), reports_});
    prepare();
    if (arranged_.beside_fixtures > 0)
      tell(counted(arranged_.beside_fixtures, "test") +
           " with fixtures: --isolation=none, so that they share what the fixture sets up");
    suite_.started_at = timestamp(std::chrono::system_clock::now());
    const auto began = std::chrono::steady_clock::now();
    const Ended ended = ctest::run(command());
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    suite_.wall_seconds = took.count();
    conclude(ended);
    write();
    summarize();
    if (ended.interrupted_by) die_of(ended.interrupted_by);
    if (options_.diagnose) diagnose();
    return status_of(ended);
  }

 private:
  std::string shadow() const { return reports_ + "/shadow"; }
  std::string ctests_junit() const { return shadow() + "/junit.xml"; }

  // Reports of an earlier run would be taken for this one's.
  void prepare() {
    if (std::filesystem::is_symlink(reports_))
      throw Error{reports_ + " is a symlink", 0, "--report-dir names a folder"};
    for (const Arrangement& test : arranged_.tests) remove_old(test.report);
    write_shadow(shadow(), tree_, tests_, arranged_);
    for (const char* name : {"suite.json", "junit.xml"})
      targets_.emplace_back("--report-dir", reports_ + "/" + name);
    if (!options_.report.empty()) targets_.emplace_back("--report", options_.report);
  }

  static void remove_old(const std::string& report) {
    const auto text = read_file(report);
    if (!text) return;
    if (text->find(kReportSchema) == std::string::npos)
      throw Error{report + " is in the way: it is no report", 0,
                  "--report-dir names another place"};
    std::error_code error;
    std::filesystem::remove(report, error);
  }

  std::vector<std::string> command() const {
    std::vector<std::string> words{"ctest"};  // ours first: no word of the caller's can take them
    // A preset's folder goes before --test-dir.
    if (has_preset(options_)) {
      words.insert(words.end(), {"--overwrite", "BuildDirectory=" + shadow()});
    } else {
      words.insert(words.end(), {"--test-dir", shadow()});
    }
    words.insert(words.end(), {"--output-junit", ctests_junit()});
    const bool says_none = std::ranges::any_of(options_.ctest_words, [](const std::string& word) {
      return word.starts_with("--no-tests");
    });
    if (!says_none) words.emplace_back("--no-tests=error");
    const std::vector<std::string> given = below_tree(options_.ctest_words, tree_);
    words.insert(words.end(), given.begin(), given.end());
    return words;
  }

  void conclude(const Ended& ended) {
    std::vector<CtestResult> results;
    const auto xml = read_file(ctests_junit());
    if (xml) results = parse_ctest_junit(*xml);
    suite_.run_id = make_run_id();
    suite_.command = options_.given;
    suite_.tests = ctest::conclude(tests_, arranged_, results);
    suite_.result = ended.interrupted_by ? "interrupted" : ended.status == 0 ? "passed" : "failed";
    if (xml && !options_.junit.empty()) copy_junit();
  }

  // As CTest understands the word: a relative path is below the build tree.
  void copy_junit() const {
    std::error_code error;
    const std::filesystem::path to = std::filesystem::path{tree_.build} / options_.junit;
    std::filesystem::copy_file(ctests_junit(), to,
                               std::filesystem::copy_options::overwrite_existing, error);
    if (error) tell(Error{"cannot write --output-junit " + options_.junit, error.value()});
  }

  void write() {
    const std::string name = tree_.build.substr(tree_.build.rfind('/') + 1);
    for (std::size_t i = 0; i < targets_.size(); ++i)
      targets_[i].write(i == 1 ? junit_text(suite_, name) : to_json(suite_), suite_.run_id);
  }

  // What CTest has no words for.
  void summarize() const {
    std::string text;
    for (const SuiteTest& test : suite_.tests) {
      if (test.result != TestState::failed || test.attempts.empty()) continue;
      const SuiteAttempt& attempt = test.attempts.back();
      text += "sandbox-ctest: " + one_line(test.name) + ": " + attempt.reason + "\n";
      if (!attempt.hint.empty()) text += "hint: " + attempt.hint + "\n";
    }
    (void)write_text(STDERR_FILENO, text);
    tell("reports: " + reports_);
  }

  void diagnose() const {
    const std::string file = reports_ + "/per-test.json";
    if (diagnose_failed(tests_, arranged_, suite_, options_.per_test, file))
      tell("what lowers these walls: --per-test " + file);
  }

  // Green only where tests ran, each in its sandbox.
  int status_of(const Ended& ended) const {
    if (suite_.tests.empty()) {
      tell("0 of " + counted(tests_.size(), "test") + " ran");
      return ended.status == 0 ? kTestsFailed : ended.status;
    }
    const bool bare = ended.status == 0 && suite_.count(TestState::failed) > 0;
    if (bare) return kSandboxFailed;
    const std::size_t ran = suite_.count(TestState::passed) + suite_.count(TestState::flaky) +
                            suite_.count(TestState::failed);
    if (ran > 0) return ended.status;
    const auto skipped = std::ranges::find_if(
        suite_.tests, [](const SuiteTest& test) { return !test.attempts.empty(); });
    tell("0 of " + counted(suite_.tests.size(), "test") + " ran" +
         (skipped == suite_.tests.end() ? "" : ": " + skipped->attempts.back().reason));
    return ended.status == 0 ? kTestsFailed : ended.status;
  }

  // As a shell sees a program that was interrupted.
  [[noreturn]] static void die_of(int signal) {
    ::signal(signal, SIG_DFL);
    ::raise(signal);
    ::_exit(128 + signal);
  }

  Options options_;
  const CommandWorld world_{};
  BuildFolders tree_{};
  std::vector<ListedTest> tests_{};
  Arranged arranged_{};
  std::string reports_{};
  std::vector<TextTarget> targets_{};
  SuiteReport suite_{};
};

int act(const Options& options) {
  switch (options.action) {
    case Options::Action::help:
      return write_text(STDOUT_FILENO, help_text_of_ctest()) ? kSandboxFailed : 0;
    case Options::Action::version:
      return write_text(STDOUT_FILENO, "sandbox-ctest " SANDBOX_VERSION "\n") ? kSandboxFailed : 0;
    case Options::Action::ctest_only:
      return list_only(options);
    case Options::Action::run:
      break;
  }
  return Session{options}.run();
}

int main_guarded(int argc, char** argv) {
  try {
    return act(parse_command_line(argc, argv, CommandWorld{}));
  } catch (const Error& error) {
    tell(error);
    return kSandboxFailed;
  } catch (const std::exception& error) {
    tell(std::string{error.what()});
    return kSandboxFailed;
  }
}

}  // namespace
}  // namespace sandbox::ctest

int main(int argc, char** argv) {
  sandbox::fill_standard_descriptors();
  ::signal(SIGCHLD, SIG_DFL);
  return sandbox::ctest::main_guarded(argc, argv);
}
