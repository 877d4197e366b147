// KillWatch: the supervisor hears of a SIGKILL before it is sent, and lets it go on.
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <optional>

#include "sandbox/seccomp/bpf.h"
#include "sandbox/seccomp/under.h"
#include "seccomp/profile.h"
#include "support/host.h"

namespace sandbox {
namespace {

// Starts `attempt` in a child under the watching filter and takes over its listener.
class Watched {
 public:
  explicit Watched(const std::function<int()>& attempt) {
    int fds[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) return;
    const UniqueFd ours(fds[0]);
    const UniqueFd childs(fds[1]);
    pid_ = ::fork();
    if (pid_ == 0) ::_exit(live(childs.get(), attempt));
    int number = -1;
    if (::read(ours.get(), &number, sizeof number) != sizeof number) return;
    pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    listener_.reset(static_cast<int>(::syscall(SYS_pidfd_getfd, pidfd_.get(), number, 0)));
    EXPECT_EQ(::write(ours.get(), "", 1), 1);
  }

  pid_t pid() const { return pid_; }

  // The next notification; nullopt when the child ended without one. The listener alone does not
  // tell: before Linux 6.11 it hangs up only once the child has been waited for.
  std::optional<seccomp_notif> next() const {
    pollfd wait[] = {{listener_.get(), POLLIN, 0}, {pidfd_.get(), POLLIN, 0}};
    if (::poll(wait, 2, 10000) < 1 || !(wait[0].revents & POLLIN)) return std::nullopt;
    seccomp_notif notification{};
    if (::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_RECV, &notification) != 0) return std::nullopt;
    return notification;
  }

  void let_go_on(const seccomp_notif& notification) const {
    seccomp_notif_resp response{notification.id, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    ::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_SEND, &response);
  }

  test::End end() const {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    if (WIFSIGNALED(status)) return {-1, WTERMSIG(status)};
    return {WEXITSTATUS(status), 0};
  }

 private:
  static int live(int parent, const std::function<int()>& attempt) {
    ::alarm(20);
    const int listener =
        test::load(standard_filter(KillWatch::on), SECCOMP_FILTER_FLAG_NEW_LISTENER);
    if (listener < 0 || ::write(parent, &listener, sizeof listener) < 0) return 254;
    char taken_over = 0;
    if (::read(parent, &taken_over, 1) != 1) return 253;
    return attempt();
  }

  pid_t pid_ = -1;
  UniqueFd pidfd_;
  UniqueFd listener_;
};

siginfo_t queued(int signal) {
  siginfo_t info{};
  info.si_signo = signal;
  info.si_code = SI_QUEUE;
  info.si_pid = ::getpid();
  info.si_uid = ::getuid();
  return info;
}

long own_pidfd() {
  return ::syscall(SYS_pidfd_open, ::getpid(), 0);
}

// Each sends `signal` to its own process.
struct Way {
  const char* call;
  unsigned signal_argument;
  int (*send)(int signal);
};
const Way kWays[] = {
    {"kill", 1, [](int signal) { return test::attempt(SYS_kill, ::getpid(), signal); }},
    {"tkill", 1, [](int signal) { return test::attempt(SYS_tkill, ::getpid(), signal); }},
    {"tgkill", 2,
     [](int signal) { return test::attempt(SYS_tgkill, ::getpid(), ::getpid(), signal); }},
    {"rt_sigqueueinfo", 1,
     [](int signal) {
       const siginfo_t info = queued(signal);
       return test::attempt(SYS_rt_sigqueueinfo, ::getpid(), signal, &info);
     }},
    {"rt_tgsigqueueinfo", 2,
     [](int signal) {
       const siginfo_t info = queued(signal);
       return test::attempt(SYS_rt_tgsigqueueinfo, ::getpid(), ::getpid(), signal, &info);
     }},
    {"pidfd_send_signal", 1,
     [](int signal) { return test::attempt(SYS_pidfd_send_signal, own_pidfd(), signal, 0, 0); }},
};

TEST(SeccompKillWatch, HearsEveryWayToSendSigkillAndLetsItGoOn) {
  for (const Way& way : kWays) {
    SCOPED_TRACE(way.call);
    const Watched child([&] { return way.send(SIGKILL); });
    const auto notification = child.next();
    ASSERT_TRUE(notification);
    EXPECT_EQ(static_cast<pid_t>(notification->pid), child.pid());
    EXPECT_EQ(notification->data.nr, test::number_in(test::kTables[0], way.call));
    EXPECT_EQ(notification->data.args[way.signal_argument], static_cast<std::uint64_t>(SIGKILL));
    child.let_go_on(*notification);
    EXPECT_EQ(child.end(), (test::End{-1, SIGKILL}));
  }
}

// SIGURG is ignored by default: the child ends by itself, and the listener with it.
TEST(SeccompKillWatch, HearsOfNoOtherSignal) {
  for (const Way& way : kWays) {
    SCOPED_TRACE(way.call);
    const Watched child([&] { return way.send(SIGURG); });
    EXPECT_FALSE(child.next());
    EXPECT_EQ(child.end(), (test::End{0}));
  }
}

TEST(SeccompKillWatch, IgnoresTheHighBitsOfTheSignal) {
  const Watched child(
      [] { return test::attempt(SYS_kill, ::getpid(), 0xdead00000000ul | SIGKILL); });
  const auto notification = child.next();
  ASSERT_TRUE(notification);
  child.let_go_on(*notification);
  EXPECT_EQ(child.end(), (test::End{-1, SIGKILL}));
}

#if defined(__x86_64__)
TEST(SeccompKillWatch, HearsTheI386Table) {
  REQUIRE_HOST(test::has_i386_table(), "needs the i386 system calls (CONFIG_IA32_EMULATION)",
               "v1-root", "v1-user");
  constexpr int kKill = 37;
  const Watched child(
      [] { return test::attempt_int80(kKill, static_cast<std::uint32_t>(::getpid()), SIGKILL); });
  const auto notification = child.next();
  ASSERT_TRUE(notification);
  EXPECT_EQ(notification->data.arch, static_cast<std::uint32_t>(AUDIT_ARCH_I386));
  child.let_go_on(*notification);
  EXPECT_EQ(child.end(), (test::End{-1, SIGKILL}));
}
#endif

}  // namespace
}  // namespace sandbox
