#include "policy/json.h"

#include <nlohmann/json.hpp>

#include "policy/choices.h"

namespace sandbox {
namespace {

using nlohmann::ordered_json;

ordered_json seconds(const std::optional<std::chrono::milliseconds>& time) {
  if (!time) return nullptr;
  return std::chrono::duration<double>(*time).count();
}

ordered_json bytes(const std::optional<Bytes>& size) {
  return size ? ordered_json(size->count) : ordered_json(nullptr);
}

template <typename T>
ordered_json or_null(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json(nullptr);
}

ordered_json text_or_null(const std::string& text) {
  return text.empty() ? ordered_json(nullptr) : ordered_json(text);
}

ordered_json cpuset_json(const std::optional<CpuSet>& set) {
  if (!set) return nullptr;
  return set->automatic ? ordered_json("auto") : ordered_json(set->cpus);
}

ordered_json project_json(const Project& project) {
  switch (project.choice) {
    case Project::Choice::automatic:
      return "auto";
    case Project::Choice::none:
      return "none";
    case Project::Choice::directory:
      return project.directory;
  }
  return nullptr;
}

ordered_json mounts_json(const std::vector<Mount>& mounts) {
  ordered_json list = ordered_json::array();
  for (const Mount& mount : mounts)
    list.push_back({{"kind", choice_name(kMountKinds, mount.kind)},
                    {"source", text_or_null(mount.source)},
                    {"destination", mount.destination},
                    {"size_bytes", bytes(mount.size)}});
  return list;
}

ordered_json names_json(const Environment& environment) {
  ordered_json names = ordered_json::array();
  for (const auto& variable : environment.set) names.push_back(variable.first);
  return names;
}

void add_limits(ordered_json& json, const Limits& limits) {
  json["memory_bytes"] = bytes(limits.memory);
  json["cpus"] = or_null(limits.cpus);
  json["cpuset"] = cpuset_json(limits.cpuset);
  json["pids"] = limits.pids;
  json["timeout_seconds"] = seconds(limits.timeout);
  json["cpu_time_seconds"] = seconds(limits.cpu_time);
  json["grace_seconds"] = seconds(limits.grace);
}

void add_environment(ordered_json& json, const Environment& environment) {
  json["env"] = choice_name(kEnvironmentModes, environment.mode);
  json["keep_env"] = environment.keep;
  json["setenv"] = names_json(environment);
  json["unsetenv"] = environment.unset;
}

void add_isolation(ordered_json& json, const Policy& policy) {
  json["isolation"] = choice_name(kIsolations, policy.isolation);
  json["network"] = choice_name(kNetworks, policy.network);
  json["seccomp"] = choice_name(kSeccompModes, policy.seccomp);
  json["allow"] = policy.allow;
  json["uid"] = or_null(policy.uid);
  json["gid"] = or_null(policy.gid);
  json["keep_root"] = policy.keep_root;
  json["keep_fd"] = policy.keep_fds;
  json["core"] = policy.core;
}

void add_reporting(ordered_json& json, const Reporting& reporting) {
  json["report"] = text_or_null(reporting.report);
  json["report_dir"] = text_or_null(reporting.report_dir);
  json["name"] = text_or_null(reporting.name);
  json["quiet"] = reporting.quiet;
  json["signal_exit"] = choice_name(kSignalExits, reporting.signal_exit_as_code);
  json["ctest"] = reporting.ctest;
  json["if_unsupported"] = choice_name(kIfUnsupported, reporting.if_unsupported);
}

}  // namespace

ordered_json policy_to_json(const Policy& policy) {
  ordered_json json;
  json["policy_files"] = policy.policy_files;
  add_limits(json, policy.limits);
  json["project"] = project_json(policy.project);
  json["mounts"] = mounts_json(policy.mounts);
  json["chdir"] = text_or_null(policy.chdir);
  add_environment(json, policy.environment);
  add_isolation(json, policy);
  add_reporting(json, policy.reporting);
  json["best_effort"] = policy.best_effort;
  return json;
}

}  // namespace sandbox
