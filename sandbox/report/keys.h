// Every key of a report beside the field that it holds: the one list that json.cpp writes by and
// read.cpp reads by. For these two only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "policy/json_keys.h"
#include "policy/keys.h"
#include "report/json.h"
#include "report/names.h"
#include "report/text.h"
#include "sys/error.h"

namespace sandbox {

// --- what has a form of its own

// Details that are neither words nor whole numbers are of a later release: left out.
struct DetailsForm {
  using Details = std::map<std::string, std::variant<std::string, std::int64_t>>;
  static void write(KeyWriter& keys, std::string_view key, const Details& details) {
    keys.part(key, details, [](KeyWriter& members, const Details& each) {
      for (const auto& [name, detail] : each) {
        std::visit([&](const auto& value) { members.field(name, value); }, detail);
      }
    });
  }
  static void read(const Json& json, Details& details) {
    if (!json.is_object()) misfit("an object");
    details.clear();
    for (const auto& [key, value] : json.items()) {
      if (const auto* text = value.get_ptr<const std::string*>()) {
        details[key] = *text;
      } else if (value.is_number_integer()) {
        in_place(key, [&] { read_json(value, details[key].emplace<std::int64_t>()); });
      }
    }
  }
};

template <typename U, typename F>
void each_figure(U& usage, F figure) {
  figure("wall_seconds", usage.wall_seconds);
  figure("cpu_user_seconds", usage.cpu_user_seconds);
  figure("cpu_system_seconds", usage.cpu_system_seconds);
  figure("cpu_throttled_seconds", usage.cpu_throttled_seconds);
  figure("memory_peak_bytes", usage.memory_peak_bytes);
  figure("memory_at_end_file_bytes", usage.memory_at_end_file_bytes);
  figure("memory_at_end_shmem_bytes", usage.memory_at_end_shmem_bytes);
  figure("memory_at_end_kernel_bytes", usage.memory_at_end_kernel_bytes);
  figure("memory_anon_peak_estimate_bytes", usage.memory_anon_peak_estimate_bytes);
  figure("max_rss_bytes", usage.max_rss_bytes);
  figure("pids_peak", usage.pids_peak);
  figure("oom_kills", usage.oom_kills);
  figure("pids_refused", usage.pids_refused);
}

inline constexpr auto kSourceKeys = [](auto& keys, auto& usage) {
  each_figure(usage, [&](const char* key, auto& figure) { keys.unless_empty(key, figure.source); });
};

// Each figure, and under "sources" where it was read.
inline constexpr auto kUsageKeys = [](auto& keys, auto& usage) {
  each_figure(usage, [&](const char* key, auto& figure) { keys.field(key, figure.value); });
  keys.part("sources", usage, kSourceKeys);
};

// --- the parts

inline constexpr auto kExitKeys = [](auto& keys, auto& exit) {
  keys.field("code", exit.code);
  keys.field("signal", exit.signal);
  keys.derived("signal_name",
               exit.signal ? std::optional{signal_name(*exit.signal)} : std::nullopt);
  keys.field("core_dumped", exit.core_dumped);
};

inline constexpr auto kSetupKeys = [](auto& keys, auto& evidence) {
  const int error = evidence.setup_errno;
  keys.unless_empty("attempt", evidence.setup_attempt);
  keys.unless_empty("errno", evidence.setup_errno);
  keys.derived("errno_name", error ? std::optional{errno_name(error)} : std::nullopt);
  keys.field("exit_code", evidence.setup_exit_code);
  keys.field("unsupported", evidence.unsupported);
};

inline constexpr auto kEvidenceKeys = [](auto& keys, auto& outcome) {
  auto& evidence = outcome.evidence;
  keys.word("sender", kSenders, evidence.sender);
  keys.word("certainty", kCertainties, evidence.certainty);
  keys.field("oom_kills", evidence.oom_kills);
  keys.field("memory_cap_bytes", evidence.memory_cap);
  keys.field("memory_peak_bytes", evidence.memory_peak);
  keys.field("memory_anonymous_bytes", evidence.memory_anonymous);
  keys.field("memory_files_bytes", evidence.memory_files);
  keys.field("victim_was_child", evidence.victim_was_child);
  keys.unless_empty("outer_group", evidence.outer_group);
  keys.field("outer_use_bytes", evidence.outer_use);
  keys.field("outer_cap_bytes", evidence.outer_cap);
  keys.field("limit_seconds", evidence.limit_seconds);
  keys.field("cpu_seconds", evidence.cpu_seconds);
  keys.field("wanted_cpu", evidence.wanted_cpu);
  keys.field("init_died", evidence.init_died);
  keys.unless_empty("interrupt_signal", evidence.interrupt_signal);
  keys.unless_empty("full_place", evidence.full_place);
  keys.unless_empty("missing_library", evidence.missing_library);
  keys.unless_empty("hidden_folder", evidence.hidden_folder);
  keys.part_if(outcome.verdict == Verdict::setup_failed, "setup", evidence, kSetupKeys);
};

inline constexpr auto kLimitRecordKeys = [](auto& keys, auto& limit) {
  keys.field("name", limit.name);
  keys.unless_empty("requested", limit.requested);
  keys.unless_empty("enforced", limit.enforced);
  keys.unless_empty("by", limit.by);
};

inline constexpr auto kMountRecordKeys = [](auto& keys, auto& mount) {
  keys.field("destination", mount.destination);
  keys.unless_empty("source", mount.source);
  keys.field("kind", mount.kind);
  keys.field("writable", mount.writable);
  keys.field("id_mapped", mount.id_mapped);
  keys.unless_empty("why", mount.why);
};

inline constexpr auto kTestFigureKeys = [](auto& keys, auto& test) {
  keys.field("wall_seconds", test.wall_seconds);
  keys.field("cpu_user_seconds", test.cpu_user_seconds);
  keys.field("cpu_system_seconds", test.cpu_system_seconds);
  keys.field("cpu_throttled_seconds", test.cpu_throttled_seconds);
  keys.field("memory_peak_bytes", test.memory_peak_bytes);
  keys.field("memory_peak_cumulative", test.memory_peak_cumulative);
  keys.field("memory_grown_bytes", test.memory_grown_bytes);
  keys.field("oom_kills", test.oom_kills);
  keys.field("processes_left", test.processes_left);
  keys.field("threads_left", test.threads_left);
  keys.field("descriptors_left", test.descriptors_left);
};

inline constexpr auto kTestKeys = [](auto& keys, auto& test) {
  keys.field("name", test.name);
  keys.field("result", test.result);
  keys.unless_empty("file", test.file);
  keys.unless_empty("line", test.line);
  kTestFigureKeys(keys, test);
};

inline constexpr auto kEventKeys = [](auto& keys, auto& event) {
  keys.field("kind", event.kind);
  keys.field("at_seconds", event.at_seconds);
  keys.template in_form<DetailsForm>("details", event.details);
};

inline constexpr auto kThreadKeys = [](auto& keys, auto& thread) {
  keys.field("pid", thread.pid);
  keys.field("tid", thread.tid);
  keys.field("name", thread.name);
  keys.unless_empty("command_line", thread.command_line);
  keys.unless_empty("state", thread.state);
  keys.unless_empty("wait_channel", thread.wait_channel);
  keys.unless_empty("system_call", thread.system_call);
  keys.field("cpu_seconds", thread.cpu_seconds);
};

inline constexpr auto kIdentityKeys = [](auto& keys, auto& identity) {
  keys.field("uid_inside", identity.uid_inside);
  keys.field("gid_inside", identity.gid_inside);
  keys.field("uid_outside", identity.uid_outside);
  keys.field("gid_outside", identity.gid_outside);
  keys.unless_empty("how", identity.how);
};

inline constexpr auto kEnvironmentRecordKeys = [](auto& keys, auto& environment) {
  keys.field("removed", environment.removed);
  keys.field("replaced", environment.replaced);
  keys.field("added", environment.added);
};

// --- the whole

inline constexpr auto kOutcomeKeys = [](auto& keys, auto& outcome) {
  keys.word("verdict", kVerdicts, outcome.verdict);
  keys.unless_empty("reason", outcome.reason);
  keys.unless_empty("hint", outcome.hint);
  keys.unless_empty("test", outcome.test);
  keys.part("exit", outcome.exit, kExitKeys);
};

inline constexpr auto kReportKeys = [](auto& keys, auto& report) {
  keys.derived("schema", kReportSchema);
  keys.field("run_id", report.run_id);
  keys.field("name", report.name);
  keys.field("version", report.version);
  keys.field("command", report.command);
  keys.field("cwd", report.cwd);
  keys.field("started_at", report.started_at);
  kOutcomeKeys(keys, report.outcome);
  keys.field("exit_status", report.exit_status);
  keys.part("evidence", report.outcome, kEvidenceKeys);
  keys.part("usage", report.usage, kUsageKeys);
  keys.list("limits", report.limits, kLimitRecordKeys);
  keys.part("identity", report.identity, kIdentityKeys);
  keys.unless_empty("cgroup", report.cgroup);
  keys.field("groups", report.groups);
  keys.list("mounts", report.mounts, kMountRecordKeys);
  keys.part("environment", report.environment, kEnvironmentRecordKeys);
  keys.list("tests", report.tests, kTestKeys);
  keys.list("events", report.events, kEventKeys);
  keys.list("hang", report.hang, kThreadKeys);
  keys.list("leaks", report.leaks, kThreadKeys);
  keys.part("policy", report.policy, kPolicyKeys);
  keys.field("overhead_seconds", report.overhead_seconds);
  keys.field("warnings", report.warnings);
};

}  // namespace sandbox
