// A sandbox made ahead: all is set up, and its PID 1 waits for the one test it will ever run.
#pragma once

#include <optional>

#include "launch/arena.h"
#include "launch/clone.h"
#include "launch/places.h"

namespace sandbox {

class PreparedSandbox {
 public:
  // Clones it from a plan whose test may be another's. Throws Error.
  PreparedSandbox(Plan plan, Group group, const LaunchOptions& options);
  PreparedSandbox(PreparedSandbox&&) noexcept = default;
  PreparedSandbox& operator=(PreparedSandbox&&) = delete;
  // Kills it, if it was not used, and removes its group.
  ~PreparedSandbox();

  const Plan& plan() const { return plan_; }
  const SandboxProcess& process() const { return process_; }

  // Whether this plan's own sandbox would be the same, on the same places of the host.
  bool fits(const Plan& plan) const;

  struct Used {
    SandboxProcess process;
    Group group;
  };
  // Gives it the test of `plan`, which must fit, with this process's descriptors 0 to 2. nullopt
  // where it cannot be: the test is too large, the sandbox gone, its set-up failed, or one of its
  // mounts was taken away since. options.cloned is told only of one that is used. Throws Error as
  // clone_sandbox.
  std::optional<Used> use(const Plan& plan, const LaunchOptions& options);

 private:
  bool is_ready();
  bool is_as_made() const;

  Plan plan_;
  Places places_;
  Group group_;
  TestArena arena_;
  SandboxProcess process_;
  UniqueFd mounts_{};  // its own mountinfo, once it is ready
};

}  // namespace sandbox
