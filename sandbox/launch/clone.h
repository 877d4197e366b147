// Plan → a running child: the parent's half of the set-up.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <span>

#include "cgroup/group.h"
#include "launch/filters.h"
#include "plan/lower.h"
#include "plan/plan.h"
#include "sys/unique_fd.h"

namespace sandbox {

struct SandboxProcess {
  pid_t pid = -1;  // the sandbox's PID 1, as seen here
  UniqueFd pidfd{};
  UniqueFd control{};  // SOCK_SEQPACKET of child::Message
  UniqueFd channel{};  // to the test's listener (launch/channel.h); none where the plan has none
};

// Whose child the sandbox becomes.
enum class Parent {
  self,
  callers,  // CLONE_PARENT: that of the process that started this one
};

struct LaunchOptions {
  std::span<char> command_line{};  // overwritten in the child only: it may hold secrets
  sigset_t test_mask{};            // the signal mask that the test gets
  Parent parent = Parent::self;
  unsigned serial = 0;                          // of the runs of this process
  std::shared_ptr<const UniqueFd> trial_map{};  // as probe_host takes it
  // For the plan's id outside; null: made where one is needed.
  std::shared_ptr<const UniqueFd> id_map{};
  std::map<int, int> kept{};     // number inside → descriptor here, for --keep-fd
  std::uint64_t open_files = 0;  // the test's soft RLIMIT_NOFILE; 0: as here
  // Called as soon as there is a process, before anything else can fail.
  std::function<void(const SandboxProcess&)> cloned{};
};

// Makes declared outputs, and the sandbox with its test. Throws Error: what was tried, errno, and
// what mends it; what was cloned by then is killed, and reaped where it is ours.
SandboxProcess clone_sandbox(const Plan& plan, const Group& group, const LaunchOptions& options);

// --- the same in two steps (launch/prepared.h)

enum class Readiness {
  complete,
  prepared,  // waits for its test: what `test` points to is filled in later
};

// Detaches bind sources (root), clones with clone3 into the plan's namespaces and the group, writes
// the id maps where the plan says so. Throws as clone_sandbox.
SandboxProcess clone_init(const Plan& plan, const Group& group, const LaunchOptions& options,
                          const child::TestProgram& test, Readiness readiness);

// `channel`: the test's end.
TestHandles test_handles(const Filters& filters, const LaunchOptions& options, int channel);

// By SIGKILL; returns when it is gone.
void kill_and_reap(const SandboxProcess& process);

// Reads the program and its interpreter into the page cache, so that the kernel charges that cache
// to this process and not to the test's group. Best effort.
void warm_page_cache(const std::string& program);

}  // namespace sandbox
