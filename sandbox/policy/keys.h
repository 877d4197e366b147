// Every key of the effective policy in a report: units in the names, null for no cap.
//
// Not carried, and left at their defaults where it is read: the command, the values of --setenv
// (its names get empty ones), Limits::pids_asked, Mount::words. Times are rounded to milliseconds,
// as a Policy has them.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "policy/json_keys.h"
#include "policy/policy.h"

namespace sandbox {

struct CpuSetForm {
  static void write(KeyWriter& keys, std::string_view key, const std::optional<CpuSet>& set) {
    if (!set) return keys.field(key, nullptr);
    if (set->automatic) return keys.field(key, "auto");
    keys.field(key, set->cpus);
  }
  static void read(const Json& json, std::optional<CpuSet>& set) {
    set.reset();
    if (json.is_null()) return;
    set.emplace().automatic = json == "auto";
    if (!set->automatic) read_json(json, set->cpus);
  }
};

struct ProjectForm {
  static void write(KeyWriter& keys, std::string_view key, const Project& project) {
    switch (project.choice) {
      case Project::Choice::automatic:
        return keys.field(key, "auto");
      case Project::Choice::none:
        return keys.field(key, "none");
      case Project::Choice::directory:
        return keys.field(key, project.directory);
    }
  }
  static void read(const Json& json, Project& project) {
    using enum Project::Choice;
    std::string word;
    read_json(json, word);
    project.choice = word == "auto" ? automatic : word == "none" ? none : directory;
    if (project.choice == directory) project.directory = word;
  }
};

// Values are secrets as often as not.
struct NamesForm {
  using Variables = std::vector<std::pair<std::string, std::string>>;
  static void write(KeyWriter& keys, std::string_view key, const Variables& variables) {
    std::vector<std::string> names;
    for (const auto& variable : variables) names.push_back(variable.first);
    keys.field(key, names);
  }
  static void read(const Json& json, Variables& variables) {
    variables.clear();
    each_item(json, [&](const Json& name) { read_json(name, variables.emplace_back().first); });
  }
};

inline constexpr auto kMountKeys = [](auto& keys, auto& mount) {
  keys.word("kind", kMountKinds, mount.kind);
  keys.unless_empty("source", mount.source);
  keys.field("destination", mount.destination);
  keys.field("size_bytes", mount.size);
};

inline constexpr auto kLimitKeys = [](auto& keys, auto& limits) {
  keys.field("memory_bytes", limits.memory);
  keys.field("cpus", limits.cpus);
  keys.template in_form<CpuSetForm>("cpuset", limits.cpuset);
  keys.field("pids", limits.pids);
  keys.field("timeout_seconds", limits.timeout);
  keys.field("cpu_time_seconds", limits.cpu_time);
  keys.field("grace_seconds", limits.grace);
};

inline constexpr auto kEnvironmentKeys = [](auto& keys, auto& environment) {
  keys.word("env", kEnvironmentModes, environment.mode);
  keys.field("keep_env", environment.keep);
  keys.template in_form<NamesForm>("setenv", environment.set);
  keys.field("unsetenv", environment.unset);
};

inline constexpr auto kIsolationKeys = [](auto& keys, auto& policy) {
  keys.word("isolation", kIsolations, policy.isolation);
  keys.word("network", kNetworks, policy.network);
  keys.word("seccomp", kSeccompModes, policy.seccomp);
  keys.field("allow", policy.allow);
  keys.field("uid", policy.uid);
  keys.field("gid", policy.gid);
  keys.field("keep_root", policy.keep_root);
  keys.field("keep_fd", policy.keep_fds);
  keys.field("core", policy.core);
};

inline constexpr auto kReportingKeys = [](auto& keys, auto& reporting) {
  keys.unless_empty("report", reporting.report);
  keys.unless_empty("report_dir", reporting.report_dir);
  keys.unless_empty("events", reporting.events);
  keys.unless_empty("name", reporting.name);
  keys.field("quiet", reporting.quiet);
  keys.word("signal_exit", kSignalExits, reporting.signal_exit_as_code);
  keys.field("ctest", reporting.ctest);
  keys.field("ctest_measurements", reporting.measurements);
  keys.word("if_unsupported", kIfUnsupported, reporting.if_unsupported);
};

inline constexpr auto kPolicyKeys = [](auto& keys, auto& policy) {
  keys.field("policy_files", policy.policy_files);
  kLimitKeys(keys, policy.limits);
  keys.template in_form<ProjectForm>("project", policy.project);
  keys.list("mounts", policy.mounts, kMountKeys);
  keys.unless_empty("chdir", policy.chdir);
  kEnvironmentKeys(keys, policy.environment);
  kIsolationKeys(keys, policy);
  kReportingKeys(keys, policy.reporting);
  keys.field("best_effort", policy.best_effort);
};

}  // namespace sandbox
