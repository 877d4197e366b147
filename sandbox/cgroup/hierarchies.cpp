#include "cgroup/hierarchies.h"

#include <algorithm>

#include "sys/files.h"

namespace sandbox {
namespace {

bool lists(std::string_view comma_separated, std::string_view word) {
  const auto words = split(comma_separated, ',');
  return std::find(words.begin(), words.end(), word) != words.end();
}

void take_mount(Hierarchy& hierarchy, const MountPoint& mount) {
  hierarchy.mount_point = mount.point;
  hierarchy.mount_root = mount.root;
  hierarchy.read_only = lists(mount.options, "ro") || lists(mount.super_options, "ro");
}

// A hierarchy can be mounted more than once: a writable mount that shows our own group is best.
int usefulness(const Hierarchy& hierarchy) {
  if (!hierarchy.mounted()) return 0;
  if (!hierarchy.directory_of(hierarchy.group)) return 1;
  return hierarchy.read_only ? 2 : 3;
}

void find_mount(Hierarchy& hierarchy, const std::vector<MountPoint>& mounts) {
  for (const MountPoint& mount : mounts) {
    const bool same =
        hierarchy.controllers.empty()
            ? mount.type == "cgroup2"
            : mount.type == "cgroup" && lists(mount.super_options, hierarchy.controllers.front());
    if (!same) continue;
    Hierarchy shown = hierarchy;
    take_mount(shown, mount);
    if (usefulness(shown) > usefulness(hierarchy)) hierarchy = std::move(shown);
  }
}

// "4:cpu,cpuacct:/user.slice", "0::/user.slice"
std::optional<Hierarchy> parse_own(std::string_view line) {
  const size_t first = line.find(':');
  const size_t second = line.find(':', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return std::nullopt;
  Hierarchy own;
  for (std::string_view name : split(line.substr(first + 1, second - first - 1), ',')) {
    own.controllers.emplace_back(name);
  }
  own.group = line.substr(second + 1);
  return own;
}

bool is_wanted(const Hierarchy& hierarchy) {
  return std::any_of(std::begin(kControllers), std::end(kControllers),
                     [&](const char* name) { return contains(hierarchy.controllers, name); });
}

std::string without_last_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

}  // namespace

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string join_group(const std::string& parent, std::string_view below) {
  while (!below.empty() && below.front() == '/') below.remove_prefix(1);
  if (below.empty()) return parent;
  std::string joined = parent == "/" ? parent : parent + "/";
  return joined.append(below);
}

std::string parent_group(const std::string& group) {
  const size_t slash = group.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : group.substr(0, slash);
}

std::optional<std::string> Hierarchy::directory_of(const std::string& any_group) const {
  if (!is_within(any_group, mount_root)) return std::nullopt;
  std::string_view below = any_group;
  if (mount_root != "/") below.remove_prefix(mount_root.size());
  // "/.." leads out of the cgroup namespace, to where the mount does not reach.
  if (is_within(below, "/..")) return std::nullopt;
  return join_group(mount_point, below);
}

std::optional<std::string> Hierarchy::group_of(const std::string& directory) const {
  const std::string normal = without_last_slash(directory);
  if (!mounted() || !is_within(normal, mount_point)) return std::nullopt;
  return join_group(mount_root, std::string_view{normal}.substr(mount_point.size()));
}

std::vector<Hierarchy> v1_hierarchies(const CgroupView& view) {
  std::vector<Hierarchy> found;
  for (std::string_view line : split(view.self_cgroup, '\n')) {
    auto own = parse_own(line);
    if (!own || !is_wanted(*own)) continue;
    find_mount(*own, view.mounts);
    found.push_back(std::move(*own));
  }
  return found;
}

std::optional<Hierarchy> v2_hierarchy(const CgroupView& view) {
  for (std::string_view line : split(view.self_cgroup, '\n')) {
    auto own = parse_own(line);
    if (!own || !own->controllers.empty()) continue;
    find_mount(*own, view.mounts);
    return own;
  }
  return std::nullopt;
}

}  // namespace sandbox
