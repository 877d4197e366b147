// Which of the mounts can be seen, and which a path lies on.
#pragma once

#include <string_view>
#include <vector>

#include "sys/mountinfo.h"

namespace sandbox {

// Those that can be seen: not covered by a later mount on the same point or on an ancestor of it.
std::vector<MountPoint> visible_mounts(const std::vector<MountPoint>& all);

// The mount that `path` (absolute, normal) lies on.
const MountPoint* mount_of(const std::vector<MountPoint>& visible, std::string_view path);

}  // namespace sandbox
