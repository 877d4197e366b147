// /proc/self/mountinfo, parsed (proc_pid_mountinfo(5)).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sandbox {

struct MountPoint {
  int id = 0;
  int parent = 0;
  std::string device{};         // "254:0"
  std::string root{};           // of the mount within its file system
  std::string point{};          // octal escapes undone
  std::string options{};        // per mount: "rw,nosuid"
  std::string type{};           // "ext4"
  std::string super_options{};  // per file system: "rw,memory" of a v1 hierarchy
  bool operator==(const MountPoint&) const = default;
};

std::vector<MountPoint> parse_mountinfo(std::string_view text);

}  // namespace sandbox
