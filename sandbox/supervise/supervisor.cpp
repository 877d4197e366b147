#include "supervise/supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>

#include "supervise/kill_watch.h"
#include "supervise/processes.h"
#include "supervise/test_log.h"
#include "sys/affinity.h"
#include "sys/error.h"

namespace sandbox {
namespace {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;

constexpr std::size_t kMostThreads = 1000;

bool is_readable(stream_descriptor& descriptor) {
  pollfd news{descriptor.native_handle(), POLLIN, 0};
  return ::poll(&news, 1, 0) > 0;
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

// Handlers hold it: one that is already due when the run ends finds it there, and ended.
class Supervisor::Loop : public std::enable_shared_from_this<Supervisor::Loop> {
 public:
  Loop(asio::io_context& io, const Watched& watched)
      : watched_(watched),
        wall_(io),
        cpu_(io),
        grace_(io),
        control_(io),
        init_gone_(io),
        oom_(io),
        kills_(io),
        channel_(io),
        speaker_(io),
        tests_(watched.group) {}

  void start(SandboxProcess process, Done done) {
    pid_ = process.pid;
    init_gone_.assign(process.pidfd.release());
    control_.assign(process.control.release());
    done_ = std::move(done);
    if (process.channel) {
      channel_.assign(process.channel.release());
      watch_channel();
    }
    watch_control();
    watch_init();
    watch_oom();
    arm_deadlines();
  }

  void take_signal(int signal) {
    while (!ended_ && receive_pending()) {  // a test that has ended was not interrupted
    }
    if (ended_) return;
    if (signal == SIGUSR1 || signal == SIGUSR2) {  // means what the test takes it for
      tell(child::MessageKind::forward, signal);
      return;
    }
    const bool typed = watched_.terminal && (signal == SIGINT || signal == SIGQUIT);
    if (typed) seen_.typed_signal = signal;
    tests_.drop_if_gone();
    note("signal", {{"signal", std::int64_t{signal}}, {"from", typed ? "terminal" : "caller"}});
    happen(Interrupt{signal, typed});
  }

  void time_out(std::chrono::milliseconds limit) {
    while (!ended_ && receive_pending()) {  // a test that has ended took no longer
    }
    if (ended_ || machine_.cause() != Cause::none) return;
    seen_.timeout = std::chrono::duration<double>(limit).count();
    deadline(WallDeadline{}, "timeout");
  }

  // Before the end: nothing outlives its watcher.
  void abandon() {
    if (ended_) return;
    if (init_gone_.is_open()) {
      kill_all();
      await_init();
      reap_init();
    }
    leave();
  }

 private:
  // Nothing is watched any more.
  void leave() {
    ended_ = true;
    for (asio::steady_timer* timer : {&wall_, &cpu_, &grace_}) timer->cancel();
    for (stream_descriptor* watched :
         {&control_, &init_gone_, &oom_, &kills_, &channel_, &speaker_}) {
      boost::system::error_code ignored;
      watched->close(ignored);
    }
  }

  // A handler that does nothing once its wait was given up or the run has ended.
  template <typename F>
  auto unless_ended(F handle) {
    return [self = shared_from_this(), handle](auto error) {
      if (!error && !self->ended_) handle();
    };
  }

  void note(const char* kind,
            std::map<std::string, std::variant<std::string, std::int64_t>> details = {}) {
    const std::chrono::duration<double> at = Clock::now() - watched_.began;
    seen_.events.push_back({kind, at.count(), std::move(details)});
    if (watched_.on_event) watched_.on_event(seen_.events.back());
  }

  // --- what is watched

  void watch_control() {
    control_.async_wait(stream_descriptor::wait_read, unless_ended([this] {
                          if (receive()) watch_control();
                        }));
  }

  void watch_channel() {
    channel_.async_wait(stream_descriptor::wait_read, unless_ended([this] {
                          if (take_channel()) watch_channel();
                        }));
  }

  // A listener that brings a socket of its own speaks there from now on.
  bool take_channel() {
    if (speaker_.is_open()) take_speaker();  // before another takes its place
    const bool goes_on = tests_.take_messages(channel_.native_handle(), TestLog::From::anyone);
    if (UniqueFd speaker = tests_.take_speaker()) {
      boost::system::error_code ignored;
      if (speaker_.is_open()) speaker_.close(ignored);
      speaker_.assign(speaker.release(), ignored);
      if (speaker_.is_open()) watch_speaker();
    }
    return goes_on;
  }

  void watch_speaker() {
    speaker_.async_wait(stream_descriptor::wait_read, unless_ended([this] {
                          if (take_speaker()) watch_speaker();
                        }));
  }

  // From the CPU on which a TEST waits for its answer, that comes in a fourth of the time that it
  // takes from one that sleeps.
  bool take_speaker() {
    const bool goes_on = tests_.take_messages(speaker_.native_handle(), TestLog::From::speaker);
    stay_on_cpu(tests_.cpu_of_speaker());
    return goes_on;
  }

  // Looked at again: what Asio had queued for a descriptor that was closed meanwhile can come to
  // one that was opened since.
  void watch_init() {
    init_gone_.async_wait(stream_descriptor::wait_read, unless_ended([this] {
                            if (!is_readable(init_gone_)) return watch_init();
                            happen(InitGone{});
                          }));
  }

  void watch_oom() {
    if (watched_.group.oom_fd() < 0) return;
    if (!oom_.is_open()) oom_.assign(::fcntl(watched_.group.oom_fd(), F_DUPFD_CLOEXEC, 0));
    const bool v1 = watched_.group.layout() == Layout::v1;
    const auto what = v1 ? stream_descriptor::wait_read : stream_descriptor::wait_error;
    oom_.async_wait(what, unless_ended([this] {
                      drain_oom();
                      watch_oom();
                    }));
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
    if (kills > oom_kills_noted_) note("oom", {{"oom_kills", static_cast<std::int64_t>(kills)}});
    oom_kills_noted_ = kills;
  }

  void arm_deadlines() {
    const Limits& limits = watched_.policy.limits;
    if (limits.cpu_time) check_cpu_time();
    if (!limits.timeout) return;
    wall_.expires_after(*limits.timeout);
    wall_.async_wait(unless_ended([this] { deadline(WallDeadline{}, "timeout"); }));
  }

  double cpu_used() const {
    const GroupCounters counters = watched_.group.read();
    if (counters.cpu_user_ns && counters.cpu_system_ns) {
      return static_cast<double>(*counters.cpu_user_ns + *counters.cpu_system_ns) / 1e9;
    }
    const CpuTimes times = cpu_times_below(pid_);
    return times.user + times.system;
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
    cpu_.async_wait(unless_ended([this] { check_cpu_time(); }));
  }

  void deadline(const MachineEvent& event, const char* which) {
    if (machine_.cause() != Cause::none || seen_.end) return;
    seen_.cpu_at_deadline = cpu_used();
    tests_.drop_if_gone();
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
      case child::MessageKind::ready:
      case child::MessageKind::maps_written:
      case child::MessageKind::test_given:
      case child::MessageKind::forward:
      case child::MessageKind::finish:
        break;  // not from a sandbox that has its test
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
    kills_.async_wait(stream_descriptor::wait_read, unless_ended([this] {
                        let_kills_pass();
                        if (!KillObserver::has_ended(kills_.native_handle())) await_kill();
                      }));
  }

  void let_kills_pass() {
    constexpr std::size_t kMostNoted = 100;
    while (const auto target = kill_watch_.let_pass(kills_.native_handle())) {
      if (++kills_seen_ <= kMostNoted) note("kill-inside", {{"target", std::int64_t{*target}}});
    }
  }

  // --- what is done

  void happen(const MachineEvent& event) {
    return_to_own_cpus();
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
    grace_.async_wait(unless_ended([this] { happen(GraceOver{}); }));
  }

  void kill_all() {
    note("killed-by-us");
    seen_.killed_by_us = true;
    if (!watched_.plan.isolated) {
      tell(child::MessageKind::finish, 0);
      watched_.group.kill();
      return;
    }
    note_cpu_before_kill();
    ::syscall(SYS_pidfd_send_signal, init_gone_.native_handle(), SIGKILL, nullptr, 0);
  }

  void note_cpu_before_kill() {
    if (watched_.group.read().cpu_user_ns) return;
    const CpuTimes times = cpu_times_below(pid_);
    seen_.cpu_user_before_kill = times.user;
    seen_.cpu_system_before_kill = times.system;
  }

  void stop() {
    const auto self = shared_from_this();
    // Without a pid namespace nothing dies with PID 1.
    if (!watched_.plan.isolated) watched_.group.kill();
    // What init wrote last may still lie in the socket.
    while (receive_pending()) {
    }
    reap_init();
    ended_ = true;
    conclude();  // who is told may end the process: the rest can wait
    leave();
  }

  bool receive_pending() {
    char byte;
    return ::recv(control_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0 && receive();
  }

  // The loop made the descriptor non-blocking, which waitid heeds too (pidfd_open(2)).
  void await_init() {
    pollfd gone{init_gone_.native_handle(), POLLIN, 0};
    while (::poll(&gone, 1, -1) < 0 && errno == EINTR) {
    }
  }

  // Where it is another process's child (ECHILD), that one has the rusage.
  void reap_init() {
    siginfo_t info{};
    rusage usage{};
    long reaped = 0;
    do {
      reaped = ::syscall(SYS_waitid, P_PIDFD, init_gone_.native_handle(), &info, WEXITED, &usage);
    } while (reaped < 0 && errno == EINTR);
    seen_.ended = seen_.end ? at(seen_.end->monotonic_ns) : Clock::now();
    seen_.max_rss_bytes = seen_.end ? static_cast<std::uint64_t>(seen_.end->max_rss_kib) * 1024 : 0;
    if (reaped < 0) return;
    seen_.init_cpu_user = seconds_of(usage.ru_utime);
    seen_.init_cpu_system = seconds_of(usage.ru_stime);
  }

  void conclude() {
    seen_.cause = machine_.cause();
    seen_.interrupt_signal = machine_.interrupt_signal();
    seen_.kill_from_inside_seen = kill_watch_.may_have_killed(main_inside_);
    seen_.kill_from_inside_named = kill_watch_.named(main_inside_);
    close_tests();
    const Done done = std::move(done_);
    done(std::move(seen_));
  }

  // What the test said last may still lie in the socket, behind what nobody has taken yet.
  void close_tests() {
    constexpr int kMostRounds = 100;
    int rounds = 0;
    while (channel_.is_open() && is_readable(channel_) && ++rounds < kMostRounds &&
           take_channel()) {
    }
    while (speaker_.is_open() && is_readable(speaker_) && ++rounds < kMostRounds &&
           take_speaker()) {
    }
    tests_.end(seen_.ended);
    seen_.running_test = tests_.running();
    seen_.channel_closed_in = tests_.closed_in();
    seen_.tests = tests_.take();
    seen_.tests_not_kept = tests_.not_kept();
    seen_.other_tests_told = tests_.others_spoke();
  }

  const Watched watched_;
  asio::steady_timer wall_;
  asio::steady_timer cpu_;
  asio::steady_timer grace_;
  stream_descriptor control_;
  stream_descriptor init_gone_;  // the pidfd
  stream_descriptor oom_;
  stream_descriptor kills_;
  stream_descriptor channel_;  // that all processes of the sandbox have
  stream_descriptor speaker_;  // the listener's own
  pid_t pid_ = -1;
  bool ended_ = false;
  Machine machine_;
  pid_t main_inside_ = -1;
  std::size_t kills_seen_ = 0;
  std::uint64_t oom_kills_noted_ = 0;
  KillObserver kill_watch_;
  TestLog tests_;
  Observation seen_;
  Done done_;
};

Supervisor::Supervisor(asio::io_context& loop, const Watched& watched)
    : loop_(std::make_shared<Loop>(loop, watched)) {}

Supervisor::~Supervisor() {
  loop_->abandon();
}

void Supervisor::start(SandboxProcess process, Done done) {
  loop_->start(std::move(process), std::move(done));
}

void Supervisor::take_signal(int signal) {
  loop_->take_signal(signal);
}

void Supervisor::time_out(std::chrono::milliseconds limit) {
  loop_->time_out(limit);
}

}  // namespace sandbox
