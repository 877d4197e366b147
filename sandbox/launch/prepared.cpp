#include "launch/prepared.h"

#include <poll.h>

#include <vector>

#include "launch/channel.h"
#include "launch/outputs.h"
#include "sys/fd_passing.h"

namespace sandbox {
namespace {

int give_test(int control, const UniqueFd& channel) {
  std::vector<int> fds{STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
  if (channel) fds.push_back(channel.get());
  child::Message message{};
  message.kind = child::MessageKind::test_given;
  return send_fds(control, &message, sizeof message, fds);
}

}  // namespace

PreparedSandbox::PreparedSandbox(Plan plan, Group group, const LaunchOptions& options)
    : plan_(std::move(plan)),
      places_(plan_),
      group_(std::move(group)),
      process_(clone_init(plan_, group_, options, arena_.test(), Readiness::prepared)) {}

PreparedSandbox::~PreparedSandbox() {
  if (process_.pidfd) kill_and_reap(process_);
}

bool PreparedSandbox::fits(const Plan& plan) const {
  return same_sandbox(plan_, plan) && places_.are_the_same();
}

// Its set-up may still be going on: that is sooner done than a new one's.
bool PreparedSandbox::is_ready() {
  if (mounts_) return true;
  constexpr int kPatienceMs = 1000;
  pollfd news[] = {{process_.control.get(), POLLIN, 0}, {process_.pidfd.get(), POLLIN, 0}};
  if (::poll(news, 2, kPatienceMs) <= 0 || news[1].revents) return false;
  child::Message message{};
  std::vector<UniqueFd> fds;
  const int error = receive_fds(process_.control.get(), &message, sizeof message, fds);
  if (error || message.kind != child::MessageKind::ready || fds.size() != 1) return false;
  mounts_ = std::move(fds[0]);
  return true;
}

bool PreparedSandbox::is_as_made() const {
  pollfd looks[] = {{mounts_.get(), POLLPRI, 0}, {process_.pidfd.get(), POLLIN, 0}};
  return ::poll(looks, 2, 0) == 0;
}

std::optional<PreparedSandbox::Used> PreparedSandbox::use(const Plan& plan,
                                                          const LaunchOptions& options) {
  if (!is_ready()) return std::nullopt;
  create_outputs(plan);
  give_pipes_to_test(plan);
  const Filters filters{plan};
  Channel channel = make_channel(plan, options.kept);
  const LoweredTest test{plan, test_handles(filters, options, -1)};
  if (!arena_.put(test.program())) return std::nullopt;
  if (!is_as_made() || give_test(process_.control.get(), channel.theirs) != 0) return std::nullopt;
  process_.channel = std::move(channel.ours);
  if (options.cloned) options.cloned(process_);
  return Used{std::move(process_), std::move(group_)};
}

}  // namespace sandbox
