// Who the test is, inside and outside.
#pragma once

#include <sys/types.h>

#include <string>

namespace sandbox {

struct Identity {
  uid_t uid_inside = 0;
  gid_t gid_inside = 0;
  uid_t uid_outside = 0;
  gid_t gid_outside = 0;
  bool parent_writes_maps = false;
  bool id_mapped = false;
  bool host_root = false;  // its kernel uid is 0: /proc/sys must be read-only
  std::string how{};
  std::string warning{};
};

// Gives an id-mapped identity a host id of its own. `serial`: of the runs of process `pid`.
void take_unused_id(Identity& identity, pid_t pid, unsigned serial);

}  // namespace sandbox
