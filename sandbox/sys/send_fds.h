// One packet with descriptors beside it (SCM_RIGHTS of unix(7)).
#pragma once

#include <cstddef>
#include <span>

namespace sandbox {

// 0 or errno; never raises SIGPIPE. At most 253 descriptors.
int send_fds(int socket, const void* data, std::size_t size, std::span<const int> fds);

}  // namespace sandbox
