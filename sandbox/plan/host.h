// What this host and the caller are: the only reader of /proc, /sys and the environment. Tests fill
// it in.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cgroup/site.h"
#include "policy/policy.h"
#include "rootfs/mounts.h"
#include "rootfs/needs.h"
#include "rootfs/outputs.h"
#include "rootfs/project.h"
#include "sys/unique_fd.h"

namespace sandbox {

// What lies at the source of a bind, so that the child can tell it was not exchanged.
struct SourceIdentity {
  bool exists = false;
  bool directory = false;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  bool operator==(const SourceIdentity&) const = default;
};

// Follows symlinks; `exists` is false where nothing is found.
SourceIdentity look_at(const std::string& path);
SourceIdentity look_at(int opened);

struct Host {
  uid_t uid = 0;
  gid_t gid = 0;
  bool root = false;  // effective uid 0 with CAP_SYS_ADMIN: may write any id map and detach mounts
  pid_t pid = 0;
  unsigned serial = 0;  // of the runs of this process
  mode_t umask = 022;
  std::vector<std::string> environment{};
  std::string cwd{};
  std::string real_cwd{};
  std::string home{};                // real path; empty: none that exists
  std::string program{};             // what execve gets
  std::string real_program{};        // empty: cannot be resolved
  std::vector<std::string> fresh{};  // fresh places that exist here
  ProjectView project{};
  std::vector<Need> needs{};
  DeclaredOutputs outputs{};
  std::vector<MountPoint> mounts{};  // visible ones
  uid_t project_uid = 0;
  gid_t project_gid = 0;
  std::shared_ptr<const UniqueFd> id_map{};  // for the unused id of this run; null where none is
  bool ids_mappable = false;  // root only: every place that matters takes an id-mapped mount
  std::string unmappable{};   // which does not: "/ (overlay)"
  bool terminal = false;      // one of fds 0 to 2 is a terminal
  std::string passwd{};       // /etc/passwd, /etc/group
  std::string group{};
  std::vector<std::string> devices{};  // those of the standard ones that exist here
  std::vector<std::string>
      kernel_settings{};        // what of /proc lets its reader change the kernel, and exists here
  std::string terminal_name{};  // of fds 0 to 2: "/dev/pts/3"
  std::string resolver{};       // the real path of /etc/resolv.conf where that is hidden
  GroupSite site{};
  bool cgroup2 = false;                       // a cgroup2 file system is mounted at /sys/fs/cgroup
  std::vector<std::string> v1_hierarchies{};  // names below /sys/fs/cgroup: "cpu,cpuacct"
  std::vector<SourceIdentity> sources{};      // of policy.mounts, in order
  std::vector<int> allowed_cpus{};
  std::vector<int> leased_cpus{};  // for --cpuset auto: held by this run alone (launch/cpu_lease.h)
  std::vector<std::string> warnings{};
};

// Looks at everything the plan of this policy needs to know. Throws Error when the program is not
// found (127, 126), or when cwd or the project cannot be shown.
// `serial`: of the runs of this process. `trial_map`: an id map to try whether mounts take one;
// null: that of this run is made for it, and is in the result.
Host probe_host(const Policy& policy, unsigned serial = 0,
                const std::shared_ptr<const UniqueFd>& trial_map = {});

}  // namespace sandbox
