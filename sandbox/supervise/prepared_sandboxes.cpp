#include "supervise/prepared_sandboxes.h"

#include <algorithm>
#include <utility>

#include "report/run_id.h"
#include "sys/error.h"

namespace sandbox {

bool PreparedSandboxes::Surroundings::operator==(const Surroundings& other) const {
  return limits.memory == other.limits.memory && limits.cpus == other.limits.cpus &&
         limits.pids == other.limits.pids && limits.pids_asked == other.limits.pids_asked &&
         places == other.places && mounts == other.mounts;
}

PreparedSandboxes::PreparedSandboxes(std::size_t count, Hooks hooks)
    : count_(count), hooks_(std::move(hooks)) {}

PreparedSandboxes::Surroundings PreparedSandboxes::surroundings_of(const Limits& limits,
                                                                   const Host& host) {
  return {limits, host.site.places, host.mounts};
}

std::optional<PreparedSandbox::Used> PreparedSandboxes::take(Plan& plan, const Limits& limits,
                                                             const Host& host,
                                                             const LaunchOptions& launch) {
  if (kept_.empty() || !launch.kept.empty()) return std::nullopt;
  const Surroundings now = surroundings_of(limits, host);
  const auto found = std::ranges::find_if(
      kept_, [&](const Kept& kept) { return kept.surroundings == now && kept.sandbox.fits(plan); });
  if (found == kept_.end()) return std::nullopt;
  std::list<Kept> taken;
  taken.splice(taken.begin(), kept_, found);
  PreparedSandbox& sandbox = taken.front().sandbox;
  const pid_t pid = sandbox.process().pid;
  plan.identity = sandbox.plan().identity;
  std::optional<PreparedSandbox::Used> used;
  try {
    used = sandbox.use(plan, launch);
  } catch (const Error&) {
    drop(taken, pid);
    throw;
  }
  if (!used) drop(taken, pid);
  return used;
}

// Killed, and then told of.
void PreparedSandboxes::drop(std::list<Kept>& unused, pid_t pid) const {
  unused.clear();
  hooks_.dropped(pid);
}

bool PreparedSandboxes::is_new(const std::string& program) {
  return std::exchange(last_program_, program) != program;
}

void PreparedSandboxes::remember(const Plan& plan, const Limits& limits, const Host& host) {
  if (count_ > 0) wanted_ = Wanted{surroundings_of(limits, host), plan, host.site, host.pid};
}

bool PreparedSandboxes::is_wanted(const Kept& kept) const {
  return kept.surroundings == wanted_->surroundings &&
         same_sandbox(kept.sandbox.plan(), wanted_->plan);
}

// One that nobody is expected to want any more makes way.
bool PreparedSandboxes::make_room() {
  if (kept_.size() < count_) return true;
  const auto other =
      std::ranges::find_if(kept_, [this](const Kept& kept) { return !is_wanted(kept); });
  if (other == kept_.end()) return false;
  std::list<Kept> unwanted;
  unwanted.splice(unwanted.begin(), kept_, other);
  drop(unwanted, unwanted.front().sandbox.process().pid);
  return true;
}

PreparedSandbox PreparedSandboxes::make(const LaunchOptions& launch) const {
  Plan plan = wanted_->plan;
  if (plan.identity.id_mapped) take_unused_id(plan.identity, wanted_->pid, launch.serial);
  Group group = Group::create(wanted_->site, wanted_->surroundings.limits, make_run_id(), false);
  return {std::move(plan), std::move(group), launch};
}

bool PreparedSandboxes::make_one() {
  if (!wanted_ || !wanted_->plan.isolated || !make_room()) return false;
  pid_t cloned = -1;
  LaunchOptions launch = hooks_.launch();
  launch.cloned = [&, told = launch.cloned](const SandboxProcess& process) {
    cloned = process.pid;
    told(process);
  };
  try {
    kept_.push_back({wanted_->surroundings, make(launch)});
    return true;
  } catch (const Error&) {
    if (cloned > 0) hooks_.dropped(cloned);
    wanted_.reset();  // a run finds out why, and says so
    return false;
  }
}

}  // namespace sandbox
