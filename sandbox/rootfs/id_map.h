// Id-mapped mounts (mount_setattr(2), "ID-mapped mounts"; Linux 5.12): for root only.
#pragma once

#include <sys/types.h>

#include <string>

#include "sys/unique_fd.h"

namespace sandbox {

// A user namespace whose only map is `0 → uid` and `0 → gid`: given to a mount, files of the host's
// root appear as uid. A short-lived helper process makes it. Throws Error.
UniqueFd make_id_map(uid_t uid, gid_t gid);

// Whether the file system at `place` takes an id-mapped mount. Really tried, on a detached clone.
bool takes_id_map(const std::string& place, int id_map);

// A detached, private clone of the mount at `path` (with those below it when `recursive`),
// attributes set and, with id_map >= 0, id-mapped where its file system takes that. Throws Error.
UniqueFd detach_tree(const std::string& path, bool recursive, unsigned long long attributes,
                     int id_map);

}  // namespace sandbox
