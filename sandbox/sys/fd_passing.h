// One packet with descriptors beside it (SCM_RIGHTS of unix(7)).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "sys/unique_fd.h"

namespace sandbox {

inline constexpr std::size_t kMostPassedFds = 253;  // SCM_MAX_FD

// 0 or errno; never blocks, never raises SIGPIPE. EAGAIN: the other end is behind; so is
// ETOOMANYREFS, where this user has more descriptors under way than it may have open (unix(7)).
int send_fds(int socket, const void* data, std::size_t size, std::span<const int> fds);

// One packet of `size` bytes, and what came beside it; never blocks. Returns 0 or errno: EAGAIN
// when none waits, EPIPE at the end, EBADMSG for one of another size (which is taken away). `fds`
// holds fewer than were sent where this process may open no more.
int receive_fds(int socket, void* data, std::size_t size, std::vector<UniqueFd>& fds);

}  // namespace sandbox
