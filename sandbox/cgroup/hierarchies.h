// The cgroup hierarchies of this process: its own groups joined with the mounts that show them.
// Sources: cgroups(7), proc_pid_mountinfo(5).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cgroup/site.h"

namespace sandbox {

struct Hierarchy {
  std::vector<std::string> controllers{};  // v1: those mounted together; v2: empty
  std::string group{};                     // the process's own, as in /proc/self/cgroup
  std::string mount_point{};               // empty: not mounted
  std::string mount_root{};                // the group that the mount point shows
  bool read_only = false;

  bool mounted() const { return !mount_point.empty(); }
  // Where `any_group` is on the file system; nullopt where the mount does not show it.
  std::optional<std::string> directory_of(const std::string& any_group) const;
  // The group of a directory beneath the mount point; nullopt for any other.
  std::optional<std::string> group_of(const std::string& directory) const;
};

// The controllers a run uses, in the order of GroupSite::places.
inline constexpr const char* kControllers[] = {"memory", "cpu", "cpuacct", "pids"};
bool contains(const std::vector<std::string>& names, std::string_view name);

// The v1 hierarchies that hold one of kControllers.
std::vector<Hierarchy> v1_hierarchies(const CgroupView& view);
// nullopt where the kernel has no cgroup v2.
std::optional<Hierarchy> v2_hierarchy(const CgroupView& view);

// "/" + "a/b" without doubled slashes; "/a/b" has the parent "/a", "/a" has "/".
std::string join_group(const std::string& parent, std::string_view below);
std::string parent_group(const std::string& group);

}  // namespace sandbox
