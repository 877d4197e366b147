#include "launch/channel.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "sys/error.h"

namespace sandbox {

Channel make_channel(const Plan& plan, const std::map<int, int>& kept) {
  if (plan.channel_fd < 0) return {};
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
    throw Error{"cannot make a socket pair", errno};
  Channel channel{UniqueFd{ends[0]}, UniqueFd{ends[1]}};
  const int on = 1;
  ::setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
  if (kept.contains(ends[1])) keep_clear_of_test(channel.theirs, plan, kept);
  return channel;
}

void keep_clear_of_test(UniqueFd& fd, const Plan& plan, const std::map<int, int>& kept) {
  if (fd.get() != plan.channel_fd && !kept.contains(fd.get())) return;
  const int highest = std::max(plan.channel_fd, kept.empty() ? -1 : kept.rbegin()->first);
  fd.reset(::fcntl(fd.get(), F_DUPFD_CLOEXEC, highest + 1));
  if (!fd) throw Error{"cannot move a descriptor", errno};
}

}  // namespace sandbox
