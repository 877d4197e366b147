#include "policy/check.h"

#include <string>
#include <string_view>

#include "policy/units.h"
#include "sys/error.h"

namespace sandbox {
namespace {

[[noreturn]] void refuse(const std::string& member, const std::string& why) {
  throw Error{member + " " + why};
}

void check_text(const std::string& member, const std::string& text) {
  if (text.find('\0') != std::string::npos) refuse(member, "holds a NUL byte");
}

void check_texts(const std::string& member, const std::vector<std::string>& texts) {
  for (std::size_t i = 0; i < texts.size(); ++i) {
    check_text(member + "[" + std::to_string(i) + "]", texts[i]);
  }
}

template <typename E>
void check_choice(const std::string& member, E value, E last) {
  if (value < E{} || value > last) refuse(member, "is none of its values");
}

void check_inside(const std::string& member, const std::string& path) {
  check_text(member, path);
  if (!path.starts_with('/')) refuse(member, "is not absolute: \"" + path + "\"");
}

void check_mount(const std::string& member, const Mount& mount) {
  check_choice(member + ": the kind", mount.kind, MountKind::device);
  check_inside(member + ": the destination", mount.destination);
  if (mount.destination.find_first_not_of('/') == std::string::npos) {
    refuse(member + ": the destination", "would replace the whole root");
  }
  check_text(member + ": the option's text", mount.words);
  check_text(member + ": the source", mount.source);
  if (mount.kind != MountKind::tmpfs && mount.source.empty())
    refuse(member + ": the source", "is empty");
}

void check_duration(const std::string& member, std::chrono::milliseconds time) {
  if (time.count() < 0) refuse(member, "is negative");
  if (time > kLongestTime) refuse(member, "is more than 100 years");
}

void check_deadline(const std::string& member,
                    const std::optional<std::chrono::milliseconds>& time) {
  if (!time) return;
  check_duration(member, *time);
  if (time->count() == 0) refuse(member, "is 0: a limit of no time lets nothing start");
}

void check_limits(const Limits& limits) {
  if (limits.memory && limits.memory->count == 0) {
    refuse("limits.memory", "is 0: a cap of nothing lets nothing start");
  }
  if (limits.cpus && !(*limits.cpus >= kLeastCpus)) {
    refuse("limits.cpus", "is " + std::to_string(*limits.cpus) + ": the kernel's least is 0.01");
  }
  if (limits.cpus && *limits.cpus > kMostCpus) refuse("limits.cpus", "is too large");
  if (limits.pids == 0) refuse("limits.pids", "is 0: the test itself is one");
  check_deadline("limits.timeout", limits.timeout);
  check_deadline("limits.cpu_time", limits.cpu_time);
  check_duration("limits.grace", limits.grace);
}

void check_environment(const Environment& environment) {
  check_texts("environment.keep", environment.keep);
  check_texts("environment.unset", environment.unset);
  for (const auto& [name, value] : environment.set) {
    if (name.empty() || name.find('=') != std::string::npos) {
      refuse("environment.set", "has a name that cannot be one: \"" + name + "\"");
    }
    check_text("environment.set", name);
    check_text("environment.set: " + name, value);
  }
}

}  // namespace

void check_policy(const Policy& policy) {
  if (policy.command.empty()) refuse("command", "is empty: it begins with the program");
  check_texts("command", policy.command);
  if (!policy.chdir.empty()) check_inside("chdir", policy.chdir);
  check_choice("project.choice", policy.project.choice, Project::Choice::directory);
  check_text("project.directory", policy.project.directory);
  for (std::size_t i = 0; i < policy.mounts.size(); ++i) {
    const Mount& mount = policy.mounts[i];
    const bool unnamed = mount.words.empty() || mount.words.find('\0') != std::string::npos;
    check_mount(unnamed ? "mounts[" + std::to_string(i) + "]" : mount.words, mount);
  }
  check_limits(policy.limits);
  check_environment(policy.environment);
  check_choice("environment.mode", policy.environment.mode, EnvironmentMode::clean);
  check_choice("network", policy.network, Network::off);
  check_choice("seccomp", policy.seccomp, SeccompMode::off);
  check_choice("isolation", policy.isolation, Isolation::none);
  check_text("reporting.report", policy.reporting.report);
  check_text("reporting.report_dir", policy.reporting.report_dir);
  check_text("reporting.events", policy.reporting.events);
  check_choice("reporting.if_unsupported", policy.reporting.if_unsupported, IfUnsupported::skip);
}

}  // namespace sandbox
