// Policy × Host → Plan: what the child will do, step by step. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "child/program.h"
#include "plan/environment.h"
#include "plan/host.h"
#include "plan/identity.h"
#include "policy/policy.h"
#include "report/report.h"

namespace sandbox {

struct Step {
  child::Op op{};
  std::string text{};
  std::string text2{};
  std::int64_t a = 0;
  std::int64_t b = 0;
  std::uint64_t flags = 0;
  std::uint64_t value = 0;
  SourceIdentity source{};  // bind_path
  bool id_mapped = false;   // bind_path, root_clone: detached by the parent with an id map
  bool recursive = true;    // bind_path, root_clone: with the mounts below it
  std::string words{};      // the user's own, where the step comes from an option
  bool operator==(const Step&) const = default;
};

struct Plan {
  std::uint64_t clone_flags = 0;
  Identity identity{};
  bool parent_detaches = false;  // root: bind sources are opened and detached by the parent
  std::vector<Step> init{};
  std::vector<Step> test{};
  std::string executable{};
  std::vector<std::string> argv{};
  std::vector<std::string> environment{};
  std::vector<std::string> fresh_places{};  // tmpfs mounts of the test's own
  std::vector<std::string>
      outputs_to_create{};  // declared output files that must exist to be bound
  std::vector<std::string> folders_to_create{};
  // The descriptor by which a listener in the test tells of its TESTs; -1: none is offered.
  int channel_fd = -1;
  bool watch_kills = false;  // the filter sends SIGKILLs from inside to the supervisor first
  std::vector<std::string> allow{};  // groups of system calls that the filter lets through
  bool isolated = true;
  // For the report.
  EnvironmentRecord environment_record{};
  std::vector<MountRecord> mounts{};
  std::vector<LimitRecord> limits{};  // those no group enforces: cpuset, timeout, …
  std::vector<std::string> warnings{};
};

// Throws Error on what only shows against this host: an unknown CPU in --cpuset, a destination that
// cannot exist.
Plan make_plan(const Policy& policy, const Host& host);

Identity choose_identity(const Policy& policy, const Host& host);
void plan_root(Plan& plan, const Policy& policy, const Host& host);  // the steps up to pivot
void plan_test(Plan& plan, const Policy& policy, const Host& host);  // from setsid to the filter

// Whether a sandbox made from one plan, up to where its test begins, is that of the other too: all
// but the id outside where nobody can see it.
bool same_sandbox(const Plan& a, const Plan& b);

// "mount tmpfs on /tmp": for failures and --dry-run.
std::string step_title(const Step& step);
// What mends a failure of this step with this errno; "" where nothing is known.
std::string step_hint(const Step& step, int error);

// The plan as text, one step a line.
std::string print_plan(const Plan& plan);

}  // namespace sandbox
