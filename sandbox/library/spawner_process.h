// The host's end of its spawner.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "sys/unique_fd.h"

namespace sandbox {

// sandbox-exec: $SANDBOX_EXEC, the one this library was built with, the one in PATH.
std::string find_executable();

// What a process that it starts may do, as far as its ids tell.
struct Rights {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups{};
  bool operator==(const Rights&) const = default;
};

// This process's own.
Rights own_rights();

struct SpawnerProcess {
  pid_t pid = -1;
  UniqueFd socket{};
  pid_t host = -1;  // whose child it is: not that of a copy which fork(2) made
  Rights rights{};  // it has those of its start
};

// posix_spawn, which copies nothing of a large host and hands over no descriptor but its own.
// Throws Error.
SpawnerProcess start_spawner(const std::string& executable);

// SIGKILL.
bool kill(const SpawnerProcess& spawner);

// Where this process can tell: not if another reaps its children.
bool has_ended(const SpawnerProcess& spawner);

// Waits for its end.
void reap(SpawnerProcess& spawner);

}  // namespace sandbox
