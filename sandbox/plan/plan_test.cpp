// From the clone of the test to its execve.
#include "plan/plan.h"

#include <sched.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>

#include "sys/error.h"

namespace sandbox {
namespace {

using child::Op;

// 1 byte, not 0: a core_pattern that is a pipe ignores 0 (core(5)).
constexpr std::uint64_t kNoCore = 1;

std::string cpu_list(const std::vector<int>& cpus) {
  std::string text;
  for (const int cpu : cpus) text += (text.empty() ? "" : ",") + std::to_string(cpu);
  return text;
}

std::string cpu_mask(const std::vector<int>& cpus) {
  std::string mask(sizeof(cpu_set_t), '\0');
  for (const int cpu : cpus) {
    mask[static_cast<std::size_t>(cpu) / 8] |= static_cast<char>(1 << (cpu % 8));
  }
  return mask;
}

void plan_affinity(Plan& plan, const Policy& policy, const Host& host) {
  if (!policy.limits.cpuset) return;
  const CpuSet& wanted = *policy.limits.cpuset;
  const std::vector<int> cpus = wanted.automatic ? host.leased_cpus : wanted.cpus;
  for (const int cpu : cpus) {
    if (std::ranges::find(host.allowed_cpus, cpu) != host.allowed_cpus.end()) continue;
    throw Error{"cannot enforce --cpuset: CPU " + std::to_string(cpu) +
                    " is not among those this process may use",
                0, "allowed here: " + cpu_list(host.allowed_cpus)};
  }
  const std::string mask = cpu_mask(cpus);
  plan.test.push_back(
      {.op = Op::affinity, .text = mask, .a = static_cast<std::int64_t>(mask.size())});
  plan.limits.push_back(
      {"cpuset", wanted.automatic ? "auto" : cpu_list(cpus), cpu_list(cpus), "sched_setaffinity"});
}

// Counted per user namespace, so it holds without a group; the sandbox's PID 1 is one more.
void plan_process_cap(Plan& plan, const Policy& policy, const Host& host) {
  if (!plan.isolated || host.site.has("pids")) return;
  plan.test.push_back({.op = Op::rlimit, .a = RLIMIT_NPROC, .value = policy.limits.pids + 1});
  const std::string text = std::to_string(policy.limits.pids);
  const bool exempt = plan.identity.uid_outside == 0;  // the kernel never refuses its own root
  if (exempt && policy.limits.pids_asked && !policy.best_effort) {
    throw Error{"cannot enforce --pids " + text + ": " + host.site.reason, 0, host.site.hint};
  }
  plan.limits.push_back(
      {"pids", text, exempt ? "" : text, exempt ? "not for the host's root" : "RLIMIT_NPROC"});
}

void plan_descriptors(Plan& plan, const Policy& policy) {
  plan.test.push_back({.op = Op::cloexec_from, .a = 3});
  for (const int fd : policy.keep_fds) {
    if (fd > 2)
      plan.test.push_back({.op = Op::keep_fd, .a = fd, .words = "--keep-fd " + std::to_string(fd)});
  }
  if (plan.channel_fd >= 0) plan.test.push_back({.op = Op::keep_channel, .a = plan.channel_fd});
}

}  // namespace

void plan_test(Plan& plan, const Policy& policy, const Host& host) {
  auto& steps = plan.test;
  if (!plan.isolated) steps.push_back({.op = Op::parent_death, .a = SIGKILL});
  if (!host.terminal) steps.push_back({.op = Op::new_session});
  if (!policy.core) steps.push_back({.op = Op::rlimit, .a = RLIMIT_CORE, .value = kNoCore});
  plan_affinity(plan, policy, host);
  plan_process_cap(plan, policy, host);
  steps.push_back({.op = Op::umask, .a = host.umask});
  if (plan.isolated) {
    steps.push_back({.op = Op::keyring});
    steps.push_back({.op = Op::no_new_privs});
    steps.push_back({.op = Op::drop_bounding});
    steps.push_back({.op = Op::drop_capabilities});
  }
  if (plan.isolated || !policy.chdir.empty()) {
    const bool chosen = !policy.chdir.empty();
    steps.push_back({.op = Op::chdir,
                     .text = chosen ? policy.chdir : host.cwd,
                     .words = chosen ? "--chdir " + policy.chdir : ""});
  }
  plan_descriptors(plan, policy);
  if (plan.isolated && policy.seccomp != SeccompMode::off) {
    steps.push_back({.op = Op::filter, .a = plan.watch_kills});
  }
}

}  // namespace sandbox
