// The host's end of its spawner.
#pragma once

#include <sys/types.h>

#include <string>

#include "sys/unique_fd.h"

namespace sandbox {

// sandbox-exec: $SANDBOX_EXEC, the one this library was built with, the one in PATH.
std::string find_executable();

struct SpawnerProcess {
  pid_t pid = -1;
  UniqueFd socket{};
  pid_t host = -1;  // whose child it is: not that of a copy which fork(2) made
};

// posix_spawn, which copies nothing of a large host and hands over no descriptor but its own.
// Throws Error.
SpawnerProcess start_spawner(const std::string& executable);

// SIGKILL.
void kill(const SpawnerProcess& spawner);

// Waits for its end.
void reap(SpawnerProcess& spawner);

}  // namespace sandbox
