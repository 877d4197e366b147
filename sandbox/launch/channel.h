// The two ends of the channel between a test's listener and the supervisor, and where the test's
// own lies: docs/channel.md.
#pragma once

#include <map>

#include "plan/plan.h"
#include "sys/unique_fd.h"

namespace sandbox {

struct Channel {
  UniqueFd ours{};  // SOCK_SEQPACKET; says of each packet who sent it (SO_PASSCRED)
  UniqueFd theirs{};
};

// None where the plan has none. `kept`: numbers that the test's other descriptors will have. Throws
// Error.
Channel make_channel(const Plan& plan, const std::map<int, int>& kept);

// Gives `fd` another number where one of the test's descriptors is to have its own. Throws Error.
void keep_clear_of_test(UniqueFd& fd, const Plan& plan, const std::map<int, int>& kept);

}  // namespace sandbox
