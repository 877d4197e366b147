// Sandboxes made ahead for the runs to come, which are expected to be like the last one.
#pragma once

#include <functional>
#include <list>
#include <optional>

#include "launch/prepared.h"
#include "plan/host.h"
#include "plan/plan.h"
#include "policy/policy.h"

namespace sandbox {

class PreparedSandboxes {
 public:
  struct Hooks {
    std::function<LaunchOptions()> launch;  // how the next one is cloned
    std::function<void(pid_t)> dropped;     // one that no run had used is dead
  };

  // Keeps up to `count`.
  PreparedSandboxes(std::size_t count, Hooks hooks);

  // One whose group has these caps in these places, and in which nothing differs from what the plan
  // asks for. It is used for this one run only. Throws Error as clone_sandbox.
  std::optional<PreparedSandbox::Used> take(Plan& plan, const Limits& limits, const Host& host,
                                            const LaunchOptions& launch);

  // Whether the last run was of another program: its pages are then in the page cache already.
  bool is_new(const std::string& program);

  // What take() did not find may be wanted by the next.
  void remember(const Plan& plan, const Limits& limits, const Host& host);

  // Makes one like the last that was remembered. False: there are enough, or it cannot be made.
  bool make_one();

 private:
  // What must be the same beside the plan.
  struct Surroundings {
    Limits limits{};
    std::vector<GroupPlace> places{};
    std::vector<MountPoint> mounts{};
    bool operator==(const Surroundings&) const;
  };
  struct Kept {
    Surroundings surroundings;
    PreparedSandbox sandbox;
  };
  struct Wanted {
    Surroundings surroundings;
    Plan plan;
    GroupSite site;
    pid_t pid;
  };

  static Surroundings surroundings_of(const Limits& limits, const Host& host);
  bool is_wanted(const Kept& kept) const;
  bool make_room();
  PreparedSandbox make(const LaunchOptions& launch) const;
  void drop(std::list<Kept>& unused, pid_t pid) const;

  const std::size_t count_;
  const Hooks hooks_;
  std::list<Kept> kept_;
  std::optional<Wanted> wanted_;
  std::string last_program_;
};

}  // namespace sandbox
