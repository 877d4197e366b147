#include "cgroup/group.h"

#include <algorithm>

#include "cgroup/backend.h"
#include "cgroup/caps.h"
#include "cgroup/directory.h"
#include "sys/error.h"

namespace sandbox {
namespace {

// A process that was sent SIGKILL is gone within it, unless it sits in a kernel call.
constexpr std::chrono::milliseconds kPatience{1000};

std::unique_ptr<Backend> make_backend(const GroupSite& site, const std::string& run_id) {
  switch (site.layout) {
    case Layout::v1:
      return make_v1_backend(site, run_id);
    case Layout::v2:
      // Some controllers could be turned on, but would make a threaded group of it.
      return site.move_to_leaf ? nullptr : make_v2_backend(site, run_id);
    case Layout::none:
      return nullptr;
  }
  return nullptr;
}

}  // namespace

struct Group::State {
  Layout layout = Layout::none;
  std::unique_ptr<Backend> backend{};  // null: no group, or removed
  std::vector<LimitRecord> limits{};
  std::vector<std::string> directories{};

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State();
  std::vector<std::string> remove();
};

std::vector<std::string> Group::State::remove() {
  std::vector<std::string> warnings;
  if (!backend) return warnings;
  for (const std::string& file : backend->lost_caps()) {
    warnings.push_back(file + " did not hold to the end: its controller was switched off above " +
                       directories.front());
  }
  backend->close_watches();
  const Deadline deadline = std::chrono::steady_clock::now() + kPatience;
  auto& made = backend->directories();
  // The first goes last: it tells remove_stale_groups that there may be others.
  std::for_each(made.rbegin(), made.rend(), [&](GroupDirectory& directory) {
    const int error = remove_group_directory(directory, deadline);
    if (error == 0) return;
    warnings.push_back("could not remove the group " + directory.path + ": " + errno_name(error));
  });
  backend.reset();
  return warnings;
}

Group::State::~State() {
  try {
    (void)remove();
  } catch (...) {
    // Out of memory at most; the next start removes what is left.
  }
}

Group::Group() = default;
Group::Group(Group&&) noexcept = default;
Group& Group::operator=(Group&&) noexcept = default;
Group::~Group() = default;

Group Group::create(const GroupSite& site, const Limits& limits, const std::string& run_id,
                    bool best_effort) {
  Group group;
  group.state_ = std::make_unique<State>();
  State& state = *group.state_;
  GroupSite usable = site;
  try {
    state.backend = make_backend(site, run_id);
  } catch (const Error& error) {
    // Without a cap that must hold, a run without a group is still a run.
    usable.reason = error.what();
  }
  if (state.backend) {
    state.layout = site.layout;
    for (const auto& made : state.backend->directories()) state.directories.push_back(made.path);
  }
  state.limits = apply_caps(limits, usable, state.backend.get(),
                            best_effort ? Effort::best : Effort::all_or_nothing);
  return group;
}

Layout Group::layout() const {
  return state_ ? state_->layout : Layout::none;
}

std::vector<int> Group::join_fds() const {
  return state_ && state_->backend ? state_->backend->join_fds() : std::vector<int>{};
}

int Group::clone_fd() const {
  return state_ && state_->backend ? state_->backend->clone_fd() : -1;
}

int Group::oom_fd() const {
  return state_ && state_->backend ? state_->backend->oom_fd() : -1;
}

const std::vector<LimitRecord>& Group::limits() const {
  static const std::vector<LimitRecord> none;
  return state_ ? state_->limits : none;
}

const std::vector<std::string>& Group::directories() const {
  static const std::vector<std::string> none;
  return state_ ? state_->directories : none;
}

GroupCounters Group::read() const {
  return state_ && state_->backend ? state_->backend->read() : GroupCounters{};
}

GroupSample Group::sample(PeakAfter peak) {
  return state_ && state_->backend ? state_->backend->sample(peak) : GroupSample{};
}

std::string Group::source(const char* figure) const {
  return state_ && state_->backend ? state_->backend->source(figure) : std::string{};
}

void Group::kill() const {
  if (state_ && state_->backend) state_->backend->kill();
}

std::vector<std::string> Group::remove() {
  return state_ ? state_->remove() : std::vector<std::string>{};
}

}  // namespace sandbox
