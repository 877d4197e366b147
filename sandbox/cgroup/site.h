// Where this process may make control groups, and why not where it may not.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "sys/mountinfo.h"

namespace sandbox {

class CgroupTree;

enum class Layout { none, v1, v2 };

struct GroupPlace {
  // v1: those mounted together ("cpu", "cpuacct"); v2: those usable here.
  std::vector<std::string> controllers{};
  std::string directory{};  // on the file system: where the run's group is made
  std::string path{};       // the caller's own group, as in /proc/self/cgroup
  std::string group{};      // the directory's group, as in /proc/self/cgroup
  bool operator==(const GroupPlace&) const = default;
};

struct GroupSite {
  Layout layout = Layout::none;
  std::vector<GroupPlace> places{};  // v2: one; v1: one a hierarchy (memory, cpu, cpuacct, pids)
  // For each controller that is missing (all of them when layout is none): why, with the place,
  // and how to mend it: "no writable cgroup (/user.slice/…/session-2.scope is root's)".
  std::string reason{};
  std::string hint{};
  // The place is delegated to us and holds processes: they must move first (prepare_site), until
  // then Group::create refuses the caps.
  bool move_to_leaf = false;
  // v2: controllers of the place that its cgroup.subtree_control lacks as yet; Group::create or
  // prepare_site writes them there.
  std::vector<std::string> to_enable{};

  bool has(const char* controller) const;
};

// What find_site looks at; injected in tests.
struct CgroupView {
  std::string self_cgroup{};         // /proc/self/cgroup
  std::vector<MountPoint> mounts{};  // /proc/self/mountinfo
  uid_t uid = 0;
  // $SANDBOX_CGROUP, or empty: a cgroup directory to make the groups in. On v1 one in any
  // hierarchy ("/sys/fs/cgroup/memory/ci"): the same group is used in the others.
  std::string sandbox_cgroup{};
};

// This process's own, with the effective uid.
CgroupView read_cgroup_view();

// In this order: $SANDBOX_CGROUP; v1 hierarchies: beneath the caller's own group; v2: the nearest
// ancestor that can hold children and stays under the caller's own limits; a group delegated to us
// (owned by our uid, or root in a private cgroup namespace), where all processes are moved to a
// leaf first under flock; else none. Only looks, makes nothing.
GroupSite find_site(const CgroupView& view);
GroupSite find_site(const CgroupView& view, const CgroupTree& tree);

// Does what move_to_leaf asks for: moves every process of the place to its leaf "sandbox-exec.leaf"
// and enables the controllers. Returns the site as it is afterwards. Throws Error.
GroupSite prepare_site(GroupSite site);

}  // namespace sandbox
