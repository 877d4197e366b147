// The host's mounts that the test sees, detached and id-mapped: what only root's parent can do.
#pragma once

#include <string>
#include <vector>

#include "host.h"

namespace floor_bench {

struct Tree {
  std::string point;
  int fd = -1;
};

struct Trees {
  int root = -1;
  std::vector<Tree> below;    // the other mounts of the host
  std::vector<Tree> devices;  // "/dev/null"
  int project = -1;           // -1: the root shows it already
};

inline constexpr const char* kDevices[] = {"/dev/null",   "/dev/zero",    "/dev/full",
                                           "/dev/random", "/dev/urandom", "/dev/tty"};

// Root, in the parent: every mount by itself, since each file system answers for itself.
Trees detach_trees(const Host& host);

// An ordinary user, in the child's namespaces: one recursive clone.
Trees clone_trees(const Host& host);

}  // namespace floor_bench
