#include "launch/prepared.h"

#include <poll.h>

#include <array>

#include "launch/outputs.h"
#include "sys/send_fds.h"

namespace sandbox {
namespace {

std::vector<SourceIdentity> look_at_sources(const Plan& plan) {
  std::vector<SourceIdentity> seen;
  for (const Step& step : plan.init) {
    if (step.op == child::Op::bind_path) seen.push_back(look_at(step.text));
  }
  return seen;
}

bool has_ended(int pidfd) {
  pollfd gone{pidfd, POLLIN, 0};
  return ::poll(&gone, 1, 0) > 0;
}

int send_streams(int control) {
  const std::array streams{STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
  child::Message message{};
  message.kind = child::MessageKind::test_given;
  return send_fds(control, &message, sizeof message, streams);
}

}  // namespace

PreparedSandbox::PreparedSandbox(Plan plan, Group group, const LaunchOptions& options)
    : plan_(std::move(plan)),
      shown_(look_at_sources(plan_)),
      group_(std::move(group)),
      process_(clone_init(plan_, group_, options, arena_.test(), Readiness::prepared)) {}

PreparedSandbox::~PreparedSandbox() {
  if (process_.pidfd) kill_and_reap(process_);
}

bool PreparedSandbox::fits(const Plan& plan) const {
  return same_sandbox(plan_, plan) && look_at_sources(plan) == shown_;
}

std::optional<PreparedSandbox::Used> PreparedSandbox::use(const Plan& plan,
                                                          const LaunchOptions& options) {
  if (options.cloned) options.cloned(process_);
  if (has_ended(process_.pidfd.get())) return std::nullopt;
  create_outputs(plan);
  give_pipes_to_test(plan);
  const Filters filters{plan};
  const LoweredTest test{plan, test_handles(filters, options)};
  if (!arena_.put(test.program())) return std::nullopt;
  if (send_streams(process_.control.get()) != 0) return std::nullopt;
  return Used{std::move(process_), std::move(group_)};
}

}  // namespace sandbox
