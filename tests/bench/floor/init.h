// PID 1 of the floor, and through it the test.
#pragma once

#include <sys/resource.h>

#include "groups.h"
#include "host.h"
#include "trees.h"

namespace floor_bench {

struct Job {
  const Host& host;
  const Caps& caps;
  const std::vector<Group>& groups;
  Trees& trees;
  char** command;
  int control;  // SOCK_SEQPACKET to the parent
};

// Parent → init, once the id maps are written: the init's number outside.
struct Start {
  pid_t outer_pid;
};

// Init → parent, at the end.
struct End {
  int status;  // as wait4
  rusage usage;
};

[[noreturn]] void run_init(const Job& job);

}  // namespace floor_bench
