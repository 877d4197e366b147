// sandbox-gtest: options → list → sandboxes → reports → exit status.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "cli/options.h"
#include "policy/units.h"
#include "report/exit_code.h"
#include "report/sentence.h"
#include "report/write.h"
#include "runner/display.h"
#include "runner/interrupts.h"
#include "runner/list.h"
#include "runner/options.h"
#include "runner/outputs.h"
#include "runner/session.h"
#include "sys/caller.h"
#include "sys/error.h"
#include "sys/files.h"
#include "sys/unique_fd.h"

namespace sandbox::runner {
namespace {

constexpr int kTestsFailed = 1;
constexpr int kSandboxFailed = 125;

void tell(const std::string& text) {
  (void)write_text(STDERR_FILENO, "sandbox-gtest: " + text + "\n");
}

void tell(const Error& error) {
  tell(error.what());
  if (!error.hint().empty()) (void)write_text(STDERR_FILENO, "hint: " + error.hint() + "\n");
}

// The one beside it, where it is installed.
std::string sandbox_exec() {
  if (std::getenv("SANDBOX_EXEC")) return "";
  const auto self = real_path("/proc/self/exe");
  if (!self) return "";
  const std::string beside = self->substr(0, self->rfind('/')) + "/sandbox-exec";
  return ::access(beside.c_str(), X_OK) == 0 ? beside : "";
}

// Not more at once than the memory of this host holds at their caps.
void admit_by_memory(Options& options) {
  const auto cap = options.policy.limits.memory;
  const auto info = read_file("/proc/meminfo");
  if (!cap || cap->count == 0 || !info) return;
  const auto available = keyed_number(*info, "MemAvailable:");  // KiB
  if (!available) return;
  const std::uint64_t fit = std::max<std::uint64_t>(*available * 1024 / cap->count, 1);
  if (fit >= options.jobs) return;
  options.jobs = static_cast<unsigned>(fit);
  tell("-j " + std::to_string(fit) + ": more sandboxes of " + format_bytes(cap->count) +
       " do not fit in the memory that is free");
}

Runs::Options runs_options(const Options& options) {
  constexpr unsigned kReadyForEach = 2;
  Runs::Options wanted;
  wanted.executable = sandbox_exec();
  if (options.batch > 0) wanted.prepared = kReadyForEach * options.jobs;
  return wanted;
}

int run_direct(const Options& options) {
  tell(options.direct_because + ": " + options.policy.command.front() + " runs without a sandbox");
  std::vector<char*> argv;
  for (const std::string& word : options.given) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  ::execvp(argv[0], argv.data());
  const int error = errno;
  tell(Error{"cannot run " + options.given.front(), error});
  return error == ENOENT ? 127 : 126;
}

Report wait_for(Runs& runs, const Policy& policy) {
  std::optional<Report> report;
  runs.start(policy, [&](const Report& end) { report = end; });
  while (!report) {
    pollfd ready{runs.fd(), POLLIN, 0};
    ::poll(&ready, 1, -1);
    runs.dispatch();
  }
  return std::move(*report);
}

int pass_list_through(Runs& runs, const Options& options) {
  Policy policy = options.policy;
  policy.command = options.given;
  const Report report = wait_for(runs, policy);
  write_sentence(STDERR_FILENO, {report.outcome.reason, report.outcome.hint}, policy.reporting);
  return exit_status(ending_of(report.outcome, policy.reporting));
}

// As a shell sees a program that was interrupted.
[[noreturn]] void die_of(int signal) {
  ::signal(signal, SIG_DFL);
  ::raise(signal);
  ::_exit(128 + signal);
}

int status_of(const SuiteResult& suite) {
  if (suite.sandbox_failure) {
    write_sentence(STDERR_FILENO, {suite.sandbox_failure->reason, suite.sandbox_failure->hint}, {});
    return kSandboxFailed;
  }
  return suite.all_well() ? 0 : kTestsFailed;
}

SuiteResult repeat_suite(Runs& runs, const Options& options, const TestList& tests) {
  SuiteResult result;
  for (unsigned i = 0; i < options.repeat; ++i) {
    if (options.repeat > 1)
      (void)write_text(STDOUT_FILENO,
                       "\nRepeating all tests (iteration " + std::to_string(i + 1) + ") . . .\n\n");
    const auto display = options.style == Style::terminal ? make_terminal_display(options, tests)
                                                          : make_gtest_display(options, tests);
    SuiteResult once = run_suite(runs, options, tests, *display);
    const bool is_over = once.sandbox_failure || once.interrupted_by;
    const bool says_more =
        result.all_well() && (!once.all_well() || result.count(TestState::flaky) == 0);
    if (i == 0 || is_over || says_more) result = std::move(once);
    if (is_over) break;
  }
  return result;
}

int run_tests(Runs& runs, const Options& options) {
  Outputs outputs{options};
  Interrupts interrupts;
  SuiteResult result;
  result.began = Clock::now();
  try {
    const TestList tests = list_tests(runs, options);
    result = repeat_suite(runs, options, tests);
  } catch (const Interrupted& interrupted) {
    result.interrupted_by = interrupted.signal;
  }
  const std::vector<Error> unwritten = outputs.write(result);
  for (const Error& error : unwritten) tell(error);
  const int status = status_of(result);
  if (const int signal = result.interrupted_by ? result.interrupted_by : interrupts.first())
    die_of(signal);
  return status == 0 && !unwritten.empty() ? kSandboxFailed : status;
}

int act(Options options, pid_t caller) {
  switch (options.action) {
    case Options::Action::help:
      return write_text(STDOUT_FILENO, help_text_of_runner()) ? kSandboxFailed : 0;
    case Options::Action::version:
      return write_text(STDOUT_FILENO, "sandbox-gtest " SANDBOX_VERSION "\n") ? kSandboxFailed : 0;
    case Options::Action::direct:
      return run_direct(options);
    case Options::Action::nothing:
      (void)write_text(STDERR_FILENO,
                       "usage: sandbox-gtest [OPTION]... [--] TEST_PROGRAM [ARGUMENT]...\n"
                       "sandbox-gtest --help lists the options.\n");
      return kSandboxFailed;
    case Options::Action::list:
    case Options::Action::run:
      break;
  }
  if (options.policy.reporting.ctest) end_with_caller(caller);
  if (options.style == Style::automatic)
    options.style = ::isatty(STDOUT_FILENO) ? Style::terminal : Style::gtest;
  admit_by_memory(options);
  Runs runs{runs_options(options)};
  return options.action == Options::Action::list ? pass_list_through(runs, options)
                                                 : run_tests(runs, options);
}

int main_guarded(int argc, char** argv) {
  const pid_t caller = ::getppid();
  try {
    const CommandWorld world;
    return act(parse_command_line(argc, argv, world), caller);
  } catch (const Error& error) {
    tell(error);
    return error.exit_code();
  } catch (const std::exception& error) {
    tell(std::string{error.what()});
    return kSandboxFailed;
  }
}

bool is_called_by_ctest(int argc, char** argv) {
  for (int i = 1; i < argc && std::string_view{argv[i]}.starts_with('-'); ++i) {
    if (std::string_view{argv[i]} == "--ctest") return true;
  }
  return false;
}

}  // namespace
}  // namespace sandbox::runner

int main(int argc, char** argv) {
  sandbox::fill_standard_descriptors();
  ::signal(SIGCHLD, SIG_DFL);
  const int status = sandbox::runner::main_guarded(argc, argv);
  // WILL_FAIL makes a pass of an exit status, not of a signal.
  using namespace sandbox::runner;
  if (status >= kSandboxFailed && is_called_by_ctest(argc, argv)) die_of(SIGABRT);
  return status;
}
