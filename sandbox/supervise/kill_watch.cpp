#include "supervise/kill_watch.h"

#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>

namespace sandbox {
namespace {

constexpr pid_t kGroup = 0;    // kill(2): the caller's process group
constexpr pid_t kAnyone = -1;  // kill(2): everyone the caller may signal

// Once the last process is gone the listener only hangs up, and on Linux 6.1 a receive would then
// wait for ever.
short state_of(int listener) {
  pollfd ready{listener, POLLIN, 0};
  return ::poll(&ready, 1, 0) > 0 ? ready.revents : short{0};
}

// One whose caller died meanwhile (ENOENT) is passed over.
bool receive(int listener, seccomp_notif& request) {
  while (state_of(listener) & POLLIN) {
    request = {};
    if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) == 0) return true;
  }
  return false;
}

// A thread's number and a pidfd mean something else: then anyone may be meant.
pid_t target_of(const seccomp_data& call) {
  const bool by_pid = call.nr != SYS_tkill && call.nr != SYS_pidfd_send_signal;
  return by_pid ? static_cast<pid_t>(call.args[0]) : kAnyone;
}

}  // namespace

std::optional<pid_t> KillObserver::let_pass(int listener) {
  seccomp_notif request{};
  if (!receive(listener, request)) return std::nullopt;
  const pid_t target = target_of(request.data);
  targets_.insert(target);
  seccomp_notif_resp answer{};
  answer.id = request.id;
  answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  ::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);  // ENOENT: the caller died meanwhile
  return target;
}

bool KillObserver::has_ended(int listener) {
  return state_of(listener) & (POLLHUP | POLLERR | POLLNVAL);
}

bool KillObserver::may_have_killed(pid_t pid) const {
  if (pid < 0) return !targets_.empty();
  return std::ranges::any_of(std::array{pid, -pid, kGroup, kAnyone},
                             [&](pid_t target) { return targets_.contains(target); });
}

bool KillObserver::named(pid_t pid) const {
  return pid > 0 && (targets_.contains(pid) || targets_.contains(-pid));
}

}  // namespace sandbox
