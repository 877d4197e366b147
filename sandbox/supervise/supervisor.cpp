#include "supervise/supervisor.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>

#include "launch/held_signals.h"
#include "launch/launcher.h"
#include "supervise/kill_watch.h"
#include "supervise/processes.h"
#include "sys/error.h"

namespace sandbox {
namespace {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;

constexpr std::size_t kMostThreads = 1000;

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

bool is_ignored(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

class Supervisor {
 public:
  explicit Supervisor(const Watched& watched)
      : watched_(watched),
        io_(1),
        signals_(io_),
        wall_(io_),
        cpu_(io_),
        grace_(io_),
        control_(io_),
        init_gone_(io_),
        oom_(io_),
        kills_(io_) {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2}) {
      if (!is_ignored(signal)) signals_.add(signal);  // what nohup(1) ignores stays ignored
    }
  }

  Observation run() {
    launch();
    watch_signals();
    watch_control();
    watch_init();
    watch_oom();
    arm_deadlines();
    {
      const ReleasedSignals released{watched_.caller_mask};
      io_.run();
    }
    reap_init();
    seen_.cause = machine_.cause();
    seen_.interrupt_signal = machine_.interrupt_signal();
    seen_.kill_from_inside_seen = kill_watch_.may_have_killed(main_inside_);
    seen_.kill_from_inside_named = kill_watch_.named(main_inside_);
    return std::move(seen_);
  }

 private:
  void launch() {
    SandboxLauncher launcher{watched_.plan, watched_.group, watched_.command_line,
                             watched_.caller_mask};
    auto process = launcher(io_.get_executor());
    pid_ = launcher.pid;
    pidfd_ = UniqueFd{static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))};
    control_.assign(launcher.take_control().release());
    // Its own async_wait blocks in waitpid: the pidfd tells, waitid reaps.
    process.detach();
  }

  void note(const char* kind,
            std::map<std::string, std::variant<std::string, std::int64_t>> details = {}) {
    const std::chrono::duration<double> at = Clock::now() - watched_.began;
    seen_.events.push_back({kind, at.count(), std::move(details)});
  }

  // --- what is watched

  void watch_signals() {
    signals_.async_wait([this](auto error, int signal) {
      if (error) return;
      watch_signals();
      if (signal == SIGUSR1 || signal == SIGUSR2) {  // means what the test takes it for
        tell(child::MessageKind::forward, signal);
        return;
      }
      const bool typed = watched_.terminal && (signal == SIGINT || signal == SIGQUIT);
      if (typed) seen_.typed_signal = signal;
      note("signal", {{"signal", std::int64_t{signal}}, {"from", typed ? "terminal" : "caller"}});
      happen(Interrupt{signal, typed});
    });
  }

  void watch_control() {
    control_.async_wait(stream_descriptor::wait_read, [this](auto error) {
      if (error) return;
      if (receive()) watch_control();
    });
  }

  void watch_init() {
    init_gone_.assign(::fcntl(pidfd_.get(), F_DUPFD_CLOEXEC, 0));
    init_gone_.async_wait(stream_descriptor::wait_read, [this](auto error) {
      if (!error) happen(InitGone{});
    });
  }

  void watch_oom() {
    if (watched_.group.oom_fd() < 0) return;
    if (!oom_.is_open()) oom_.assign(::fcntl(watched_.group.oom_fd(), F_DUPFD_CLOEXEC, 0));
    const bool v1 = watched_.group.layout() == Layout::v1;
    const auto what = v1 ? stream_descriptor::wait_read : stream_descriptor::wait_error;
    oom_.async_wait(what, [this](auto error) {
      if (error) return;
      drain_oom();
      watch_oom();
    });
  }

  // Read again, or it stays ready.
  void drain_oom() {
    char buffer[512];
    const ssize_t n = watched_.group.layout() == Layout::v1
                          ? ::read(oom_.native_handle(), buffer, sizeof buffer)
                          : ::pread(oom_.native_handle(), buffer, sizeof buffer, 0);
    if (n > 0) note_oom();
  }

  void note_oom() {
    const auto kills = watched_.group.read().oom_kills.value_or(0);
    if (kills > 0) note("oom", {{"oom_kills", static_cast<std::int64_t>(kills)}});
  }

  void arm_deadlines() {
    const Limits& limits = watched_.policy.limits;
    if (limits.cpu_time) check_cpu_time();
    if (!limits.timeout) return;
    wall_.expires_after(*limits.timeout);
    wall_.async_wait([this](auto error) {
      if (!error) deadline(WallDeadline{}, "timeout");
    });
  }

  double cpu_used() const {
    const GroupCounters counters = watched_.group.read();
    if (counters.cpu_user_ns && counters.cpu_system_ns) {
      return static_cast<double>(*counters.cpu_user_ns + *counters.cpu_system_ns) / 1e9;
    }
    return cpu_seconds_below(pid_);
  }

  // It cannot use more than all CPUs until it is due: so long the timer may sleep.
  void check_cpu_time() {
    const double limit = static_cast<double>(watched_.policy.limits.cpu_time->count()) / 1e3;
    const double left = limit - cpu_used();
    if (left <= 0) {
      deadline(CpuDeadline{}, "cpu-time");
      return;
    }
    const double cpus = static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN));
    cpu_.expires_after(std::chrono::milliseconds{static_cast<long>(left * 1e3 / cpus) + 1});
    cpu_.async_wait([this](auto error) {
      if (!error) check_cpu_time();
    });
  }

  void deadline(const MachineEvent& event, const char* which) {
    if (machine_.cause() != Cause::none || seen_.end) return;
    seen_.cpu_at_deadline = cpu_used();
    note("deadline", {{"limit", which}});
    happen(event);
  }

  // --- messages from inside

  bool receive() {
    child::Message message{};
    iovec data{&message, sizeof message};
    msghdr header{};
    header.msg_iov = &data;
    header.msg_iovlen = 1;
    alignas(cmsghdr) char space[CMSG_SPACE(sizeof(int))];
    header.msg_control = space;
    header.msg_controllen = sizeof space;
    const ssize_t n = ::recvmsg(control_.native_handle(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    if (n != sizeof message) return false;
    understand(message, header);
    return true;
  }

  void understand(const child::Message& message, msghdr& header) {
    switch (message.kind) {
      case child::MessageKind::setup_failed:
        if (!seen_.setup_failure && !seen_.started) seen_.setup_failure = message;
        happen(SetupFailed{});
        break;
      case child::MessageKind::started:
        if (seen_.setup_failure) break;
        seen_.started = at(message.monotonic_ns);
        main_inside_ = message.value;
        note("started", {{"pid", std::int64_t{message.value}}});
        happen(Started{});
        break;
      case child::MessageKind::exited:
        if (seen_.setup_failure) {
          if (message.waits) tell(child::MessageKind::finish, 0);
          break;
        }
        seen_.end = message;
        note("exited");
        if (message.waits) seen_.at_end = watched_.group.read();
        happen(Exited{message.value != 0});
        if (message.waits && message.value == 0) tell(child::MessageKind::finish, 0);
        break;
      case child::MessageKind::listener:
        watch_kills(header);
        break;
      case child::MessageKind::maps_written:
      case child::MessageKind::forward:
      case child::MessageKind::finish:
        break;  // never from inside
    }
  }

  static Clock::time_point at(std::int64_t monotonic_ns) {
    return Clock::time_point{std::chrono::nanoseconds{monotonic_ns}};
  }

  // --- SIGKILLs that a process inside is about to send

  void watch_kills(msghdr& header) {
    const cmsghdr* rights = CMSG_FIRSTHDR(&header);
    if (!rights || rights->cmsg_type != SCM_RIGHTS) return;
    int fd = -1;
    ::memcpy(&fd, CMSG_DATA(rights), sizeof fd);
    kills_.assign(fd);
    seen_.kill_watch_active = true;
    await_kill();
  }

  void await_kill() {
    kills_.async_wait(stream_descriptor::wait_read, [this](auto error) {
      if (error) return;
      let_kills_pass();
      if (!KillWatch::has_ended(kills_.native_handle())) await_kill();
    });
  }

  void let_kills_pass() {
    constexpr std::size_t kMostNoted = 100;
    while (const auto target = kill_watch_.let_pass(kills_.native_handle())) {
      if (++kills_seen_ <= kMostNoted) note("kill-inside", {{"target", std::int64_t{*target}}});
    }
  }

  // --- what is done

  void happen(const MachineEvent& event) {
    for (const Action action : machine_.on(event)) act(action);
  }

  void act(Action action) {
    switch (action) {
      case Action::write_down_threads:
        seen_.oom_kills_before = watched_.group.read().oom_kills;
        seen_.hang = describe_threads(processes_below(pid_), kMostThreads);
        break;
      case Action::send_terminate:
        tell(child::MessageKind::forward, SIGTERM);
        break;
      case Action::send_interrupt:
        tell(child::MessageKind::forward, machine_.interrupt_signal());
        break;
      case Action::arm_grace:
        arm_grace();
        break;
      case Action::kill_all:
        kill_all();
        break;
      case Action::list_leftovers:
        seen_.leaks = describe_processes(processes_below(pid_), kMostThreads);
        break;
      case Action::finish:
        tell(child::MessageKind::finish, 0);
        break;
      case Action::stop:
        stop();
        break;
    }
  }

  void tell(child::MessageKind kind, int value) {
    child::Message message{};
    message.kind = kind;
    message.value = value;
    ::send(control_.native_handle(), &message, sizeof message, MSG_NOSIGNAL | MSG_DONTWAIT);
  }

  void arm_grace() {
    grace_.expires_after(watched_.policy.limits.grace);
    grace_.async_wait([this](auto error) {
      if (!error) happen(GraceOver{});
    });
  }

  void kill_all() {
    note("killed-by-us");
    seen_.killed_by_us = true;
    if (!watched_.plan.isolated) {
      tell(child::MessageKind::finish, 0);
      watched_.group.kill();
      return;
    }
    ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
  }

  void stop() {
    // Without a pid namespace nothing dies with PID 1.
    if (!watched_.plan.isolated) watched_.group.kill();
    // What init wrote last may still lie in the socket.
    while (receive_pending()) {
    }
    io_.stop();
  }

  bool receive_pending() {
    char byte;
    return ::recv(control_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0 && receive();
  }

  void reap_init() {
    siginfo_t info{};
    rusage usage{};
    while (::syscall(SYS_waitid, P_PIDFD, pidfd_.get(), &info, WEXITED, &usage) < 0 &&
           errno == EINTR) {
    }
    seen_.ended = seen_.end ? at(seen_.end->monotonic_ns) : Clock::now();
    seen_.init_cpu_user = seconds_of(usage.ru_utime);
    seen_.init_cpu_system = seconds_of(usage.ru_stime);
    seen_.max_rss_bytes = seen_.end ? static_cast<std::uint64_t>(seen_.end->max_rss_kib) * 1024 : 0;
  }

  const Watched& watched_;
  asio::io_context io_;
  asio::signal_set signals_;
  asio::steady_timer wall_;
  asio::steady_timer cpu_;
  asio::steady_timer grace_;
  stream_descriptor control_;
  stream_descriptor init_gone_;
  stream_descriptor oom_;
  stream_descriptor kills_;
  pid_t pid_ = -1;
  UniqueFd pidfd_;
  Machine machine_;
  pid_t main_inside_ = -1;
  std::size_t kills_seen_ = 0;
  KillWatch kill_watch_;
  Observation seen_;
};

}  // namespace

Observation supervise(const Watched& watched) {
  return Supervisor{watched}.run();
}

}  // namespace sandbox
