// The plan as text: --dry-run and the golden tests.
#include <linux/mount.h>
#include <sched.h>

#include <array>

#include "plan/plan.h"

namespace sandbox {
namespace {

using child::Op;

template <std::size_t N>
std::string names_of(std::uint64_t flags,
                     const std::array<std::pair<std::uint64_t, const char*>, N>& names) {
  std::string text;
  for (const auto& [flag, name] : names) {
    if (flags & flag) text += std::string{text.empty() ? "" : " "} + name;
  }
  return text;
}

std::string namespaces(std::uint64_t flags) {
  constexpr std::array<std::pair<std::uint64_t, const char*>, 7> names{
      {{CLONE_NEWUSER, "user"},
       {CLONE_NEWPID, "pid"},
       {CLONE_NEWNS, "mnt"},
       {CLONE_NEWNET, "net"},
       {CLONE_NEWIPC, "ipc"},
       {CLONE_NEWUTS, "uts"},
       {CLONE_NEWCGROUP, "cgroup"}}};
  return flags ? names_of(flags, names) : "none";
}

bool has_mount_flags(Op op) {
  switch (op) {
    case Op::root_clone:
    case Op::tmpfs:
    case Op::proc:
    case Op::sysfs:
    case Op::devpts:
    case Op::cgroup:
    case Op::cgroup2:
    case Op::bind_path:
    case Op::bind_inside:
      return true;
    default:
      return false;
  }
}

std::string details(const Step& step) {
  std::string text;
  if (has_mount_flags(step.op)) {
    constexpr std::array<std::pair<std::uint64_t, const char*>, 4> names{
        {{MOUNT_ATTR_RDONLY, "ro"},
         {MOUNT_ATTR_NOSUID, "nosuid"},
         {MOUNT_ATTR_NODEV, "nodev"},
         {MOUNT_ATTR_NOEXEC, "noexec"}}};
    text = names_of(step.flags, names);
    if (step.id_mapped) text += " id-mapped";
  }
  if (step.op == Op::tmpfs || step.op == Op::devpts) text += " " + step.text2;
  if (step.op == Op::become) text = std::to_string(step.a) + ":" + std::to_string(step.b);
  if (step.op == Op::mkdir || step.op == Op::make_file || step.op == Op::umask) {
    char mode[16];
    std::snprintf(mode, sizeof mode, "0%llo", static_cast<unsigned long long>(step.a));
    text = mode;
  }
  if (step.op == Op::keep_fd || step.op == Op::keep_channel || step.op == Op::cloexec_from)
    text = std::to_string(step.a);
  return text.empty() ? "" : "   [" + text + "]";
}

void print_steps(std::string& text, const char* heading, const std::vector<Step>& steps) {
  text += heading;
  int number = 0;
  for (const Step& step : steps) {
    text += "  " + std::to_string(++number) + ". " + step_title(step) + details(step) + "\n";
  }
}

}  // namespace

std::string print_plan(const Plan& plan) {
  const Identity& id = plan.identity;
  std::string text = "namespaces: " + namespaces(plan.clone_flags) + "\n";
  text += "identity: " + std::to_string(id.uid_inside) + ":" + std::to_string(id.gid_inside) +
          " inside is " + std::to_string(id.uid_outside) + ":" + std::to_string(id.gid_outside) +
          " outside (" + id.how + ")\n";
  print_steps(text, "init:\n", plan.init);
  print_steps(text, "test:\n", plan.test);
  text += "execute: " + plan.executable + "\n";
  for (const LimitRecord& limit : plan.limits) {
    text += "limit: " + limit.name + " " + limit.requested + " by " + limit.by + "\n";
  }
  for (const std::string& warning : plan.warnings) text += "warning: " + warning + "\n";
  return text;
}

}  // namespace sandbox
