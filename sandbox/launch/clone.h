// Plan → a running child: the parent's half of the set-up.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <span>

#include "cgroup/group.h"
#include "plan/plan.h"
#include "sys/unique_fd.h"

namespace sandbox {

struct SandboxProcess {
  pid_t pid = -1;  // the sandbox's PID 1, as seen here
  UniqueFd pidfd{};
  UniqueFd control{};  // SOCK_SEQPACKET of child::Message
};

// Detaches bind sources (root), makes declared outputs, clones with clone3 into the plan's
// namespaces and the group, writes the id maps where the plan says so. `command_line` is
// overwritten in the child only; `test_mask` is the signal mask that the test gets. Throws Error:
// what was tried, errno, and what mends it.
SandboxProcess clone_sandbox(const Plan& plan, const Group& group, std::span<char> command_line,
                             const sigset_t& test_mask);

// Reads the program and its interpreter into the page cache, so that the kernel charges that cache
// to this process and not to the test's group. Best effort.
void warm_page_cache(const std::string& program);

}  // namespace sandbox
