// sandbox-exec: options → run → report → exit status.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "cli/diagnose.h"
#include "cli/doctor.h"
#include "cli/listing.h"
#include "cli/options.h"
#include "launch/held_signals.h"
#include "plan/plan.h"
#include "report/event_stream.h"
#include "report/exit_code.h"
#include "report/measurements.h"
#include "report/sentence.h"
#include "report/write.h"
#include "spawner/serve.h"
#include "spawner/wire.h"
#include "supervise/run_alone.h"
#include "sys/caller.h"
#include "sys/error.h"
#include "sys/files.h"
#include "sys/unique_fd.h"

namespace sandbox {
namespace {

void reset_signals() {
  // Ignored by the caller, it would take the child's status from us.
  ::signal(SIGCHLD, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigaddset(&none, SIGCHLD);
  ::sigprocmask(SIG_UNBLOCK, &none, nullptr);
}

// argv's strings lie in one piece of memory (execve(2)).
std::span<char> command_line_memory(int argc, char** argv) {
  if (argc == 0) return {};
  const char* end = argv[argc - 1] + std::strlen(argv[argc - 1]) + 1;
  return {argv[0], static_cast<std::size_t>(end - argv[0])};
}

[[noreturn]] void die_of(int signal) {
  // No crash collector files what is only a message to the caller.
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  ::signal(signal, SIG_DFL);
  sigset_t only;
  ::sigemptyset(&only);
  ::sigaddset(&only, signal);
  ::sigprocmask(SIG_UNBLOCK, &only, nullptr);
  ::raise(signal);
  ::_exit(128 + signal);
}

int end_as(const Ending& ending) {
  if (ending.signal) die_of(*ending.signal);
  return ending.code;
}

void print_error(const Error& error) {
  std::string text = std::string{"sandbox-exec: "} + error.what() + "\n";
  if (!error.hint().empty()) text += "hint: " + error.hint() + "\n";
  write_text(STDERR_FILENO, text);
}

int print(const std::string& text) {
  if (const int error = write_text(STDOUT_FILENO, text)) {
    throw Error{"cannot write to standard output", error};
  }
  return 0;
}

using WriteReport = std::function<void(const Report&)>;

int tell(Report report, const Reporting& reporting, EventStream& events, const WriteReport& write) {
  write_sentence(STDERR_FILENO, {report.outcome.reason, report.outcome.hint}, reporting);
  if (reporting.measurements) (void)write_text(STDOUT_FILENO, ctest_measurements(report.usage));
  if (auto warning = events.end(report)) report.warnings.push_back(std::move(*warning));
  Ending ending = ending_of(report.outcome, reporting);
  try {
    write(report);
  } catch (const Error& error) {
    print_error(error);
    // A test that passed without the report that was asked for has not passed.
    if (report.outcome.verdict == Verdict::passed) ending = {std::nullopt, 125};
  }
  return end_as(ending);
}

// `reporting`: where it is told, but for what `write` writes.
int refuse_and_report(const Policy& policy, const Error& error, const Reporting& reporting,
                      const WriteReport& write) {
  Report report = refuse(policy, error);
  EventStream events;
  try {
    events = EventStream{reporting};
  } catch (const Error&) {  // one message is enough: why the run was refused
  }
  events.begin(report);
  return tell(std::move(report), reporting, events, write);
}

int run_and_report(const Policy& policy, const RunOptions& options) {
  std::optional<ReportTargets> targets;
  EventStream events;
  const WriteReport write = [&targets](const Report& report) {
    if (targets) targets->write(report);
  };
  try {
    targets.emplace(policy.reporting);
    events = EventStream{policy.reporting};
  } catch (const Error& error) {
    Reporting others = policy.reporting;  // without what failed
    if (targets) {
      others.events.clear();
    } else {
      others.report.clear();
      others.report_dir.clear();
    }
    return refuse_and_report(policy, error, others, write);
  }
  // What else is open or allocated the kernel closes and frees, in less time.
  const auto tell_and_end = [&](Report report) -> int {
    const int code = tell(std::move(report), policy.reporting, events, write);
    targets.reset();
    options.held.let_go();
    ::_exit(code);
  };
  return run_alone(policy, {options.command_line, options.held, events.sink()}, tell_and_end);
}

int run_for_ctest(const Policy& policy, const RunOptions& options, pid_t caller) {
  end_with_caller(caller);
  return run_and_report(only_lists(policy.command) ? for_listing(policy) : policy, options);
}

int dry_run(const Policy& policy) {
  return print(print_plan(make_plan(policy, probe_host(policy))));
}

// 1: no wall of the sandbox explains it.
int diagnose_here(const Invocation& invocation) {
  constexpr std::chrono::milliseconds kAbove{5000};  // the limit itself ends with a report
  const Policy& policy = invocation.policy;
  Patient patient{.name = policy.reporting.name, .command = policy.command};
  if (patient.name.empty()) patient.name = base_name(policy.command.front());
  patient.sandbox_exec = "/proc/self/exe";
  patient.options = invocation.option_words;
  if (policy.limits.timeout) patient.most = *policy.limits.timeout + policy.limits.grace + kAbove;
  const Diagnosis::Finding finding = diagnose(patient).finding;
  return finding == Diagnosis::Finding::walls || finding == Diagnosis::Finding::passes ? 0 : 1;
}

int act(const Invocation& invocation, const RunOptions& options, pid_t caller) {
  switch (invocation.action) {
    case Request::run:
      return invocation.policy.reporting.ctest ? run_for_ctest(invocation.policy, options, caller)
                                               : run_and_report(invocation.policy, options);
    case Request::dry_run:
      return dry_run(invocation.policy);
    case Request::diagnose:
      return diagnose_here(invocation);
    case Request::doctor:
      return doctor(DoctorFormat::text);
    case Request::doctor_json:
      return doctor(DoctorFormat::json);
    case Request::version:
      return print("sandbox-exec " SANDBOX_VERSION "\n");
    case Request::help:
      return print(help_text());
    case Request::nothing:
      break;
  }
  write_text(STDERR_FILENO, usage_text());
  return 125;
}

int main_guarded(int argc, char** argv) {
  try {
    const pid_t caller = ::getppid();
    const HeldSignals held;
    const CommandWorld world;
    return act(parse_options(argc, argv, world), {command_line_memory(argc, argv), held}, caller);
  } catch (const BadOptions& error) {
    const Policy& policy = error.understood().policy;
    return refuse_and_report(policy, error, policy.reporting, [&policy](const Report& report) {
      write_report(report, policy.reporting);
    });
  } catch (const Error& error) {
    print_error(error);
    return error.exit_code();
  } catch (const std::exception& error) {
    print_error(Error{error.what()});
    return 125;
  }
}

}  // namespace
}  // namespace sandbox

int main(int argc, char** argv) {
  sandbox::fill_standard_descriptors();
  sandbox::reset_signals();
  if (argc == 2 && std::strcmp(argv[1], sandbox::wire::kSpawnerOption) == 0) {
    return sandbox::serve_host();
  }
  return sandbox::main_guarded(argc, argv);
}
