// The leaf that a delegated cgroup v2 group is emptied into, and turning its controllers on.
#pragma once

#include <string>
#include <vector>

namespace sandbox {

inline constexpr const char* kLeaf = "sandbox-exec.leaf";

// All in one write to cgroup.subtree_control (pids alone would make the group threaded).
// Returns 0 or errno; EBUSY: the group holds processes itself.
int enable_controllers(int directory, const std::vector<std::string>& controllers);

}  // namespace sandbox
