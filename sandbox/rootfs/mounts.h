// /proc/self/mountinfo, parsed (proc_pid_mountinfo(5)).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sandbox {

struct MountPoint {
  int id = 0;
  int parent = 0;
  std::string device{};   // "254:0"
  std::string root{};     // of the mount within its file system
  std::string point{};    // octal escapes undone
  std::string options{};  // per mount: "rw,nosuid"
  std::string type{};     // "ext4"
  bool operator==(const MountPoint&) const = default;
};

std::vector<MountPoint> parse_mountinfo(std::string_view text);

// Those that can be seen: not covered by a later mount on the same point or on an ancestor of it.
std::vector<MountPoint> visible_mounts(const std::vector<MountPoint>& all);

// The mount that `path` (absolute, normal) lies on.
const MountPoint* mount_of(const std::vector<MountPoint>& visible, std::string_view path);

}  // namespace sandbox
