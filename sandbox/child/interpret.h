// The interpreter of one Instr. Returns 0 or errno.
#pragma once

#include "child/program.h"

namespace sandbox::child {

struct Context {
  explicit Context(const Program* its_program = nullptr) : program(its_program) {}

  const Program* program = nullptr;
  int root_fd = -1;     // the new root, once it is made
  int channel_fd = -1;  // the test's end of its channel, where that came with the test
  // The folder in which something was made last: most steps make several things in one.
  int parent_fd = -1;
  char parent[4096];  // its path, where parent_fd is set
};

int interpret(Context& context, const Instr& instr);

// The mount operations (mounts.cpp).
int make_root(Context& context, const Instr& instr);
int mount_new(Context& context, const Instr& instr, const char* type, const char* options);
int bind(Context& context, const Instr& instr);
int make_directory(Context& context, const char* path, unsigned mode);
int make_file(Context& context, const Instr& instr);
int write_inside(Context& context, const Instr& instr);
int make_symlink(Context& context, const Instr& instr);
int pivot(Context& context);

// One packet to the supervisor; fd >= 0 travels with it.
int send(int control_fd, const Message& message, int fd);

}  // namespace sandbox::child
