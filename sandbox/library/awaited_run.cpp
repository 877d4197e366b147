#include "library/awaited_run.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "report/begin.h"
#include "report/exit_code.h"
#include "report/sentence.h"
#include "spawner/messages.h"

namespace sandbox {
namespace {

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

Report lost_report(const Policy& policy) {
  Report report = begin_report(policy);
  report.outcome.verdict = Verdict::setup_failed;
  report.outcome.evidence.setup_attempt = "the spawner (sandbox-exec) ended before the run did";
  const Sentence sentence = explain(report);
  report.outcome.reason = sentence.line;
  report.outcome.hint = sentence.hint;
  report.exit_status = exit_status(ending_of(report.outcome, policy.reporting));
  return report;
}

// Nothing where one is not known: the sum would be too small.
std::optional<CpuTime> reap_all(const AwaitedRun& run) {
  bool known = !run.sandboxes.empty() && !run.handed_over;
  CpuTime sum;
  for (const Sandbox& sandbox : run.sandboxes) {
    const auto one = sandbox.reap();
    known = known && one;
    if (one) sum = {sum.user + one->user, sum.system + one->system};
  }
  return known ? std::optional{sum} : std::nullopt;
}

// What only the process that reaped PID 1 can know.
void complete(Usage& usage, CpuTime cpu) {
  if (usage.cpu_user_seconds.source != kCpuOfWaiting || usage.cpu_user_seconds.value) return;
  usage.cpu_user_seconds.value = cpu.user;
  usage.cpu_system_seconds.value = cpu.system;
}

}  // namespace

std::optional<CpuTime> Sandbox::reap() const {
  // Its flags are the spawner's too, and with O_NONBLOCK waitid does not wait (pidfd_open(2)).
  pollfd gone{pidfd.get(), POLLIN, 0};
  while (pidfd && ::poll(&gone, 1, -1) < 0 && errno == EINTR) {
  }
  siginfo_t info{};
  rusage usage{};
  long result = 0;
  do {
    result = pidfd ? ::syscall(SYS_waitid, P_PIDFD, pidfd.get(), &info, WEXITED, &usage)
                   : ::syscall(SYS_waitid, P_PID, pid, &info, WEXITED, &usage);
  } while (result < 0 && errno == EINTR);
  if (result < 0) return std::nullopt;
  return CpuTime{seconds_of(usage.ru_utime), seconds_of(usage.ru_stime)};
}

void Sandbox::end() const {
  if (pidfd) {
    ::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
  } else {
    ::kill(pid, SIGKILL);
  }
  reap();
}

void Sandbox::need_pidfd() {
  if (pidfd) return;
  pidfd.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd) throw Error{"cannot open the sandbox's process", errno};
}

bool read_to_end(AwaitedRun& run) {
  char buffer[65536];
  for (;;) {
    const ssize_t n = ::read(run.pipe.get(), buffer, sizeof buffer);
    if (n > 0) {
      run.text.append(buffer, static_cast<std::size_t>(n));
      continue;
    }
    if (n < 0 && errno == EINTR) continue;
    return n == 0 || errno != EAGAIN;
  }
}

Report make_report(AwaitedRun& run) {
  const std::optional<CpuTime> cpu = reap_all(run);
  try {
    Report report = wire::decode_report(run.text);
    if (report.command.empty()) {  // the spawner could not read what was asked
      report.command = run.policy.command;
      report.policy = std::move(run.policy);
    }
    if (cpu) complete(report.usage, *cpu);
    return report;
  } catch (const Error&) {
    return lost_report(run.policy);
  }
}

}  // namespace sandbox
