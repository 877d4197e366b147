#include "report/json.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "policy/json.h"
#include "report/text.h"
#include "sys/error.h"

namespace sandbox {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::pair<Sender, const char*>, 7> kSenders{{
    {Sender::none, "none"},
    {Sender::itself, "itself"},
    {Sender::inside, "inside"},
    {Sender::outside, "outside"},
    {Sender::us, "us"},
    {Sender::kernel, "kernel"},
    {Sender::unknown, "unknown"},
}};

constexpr std::array<std::pair<Certainty, const char*>, 3> kCertainties{{
    {Certainty::certain, "certain"},
    {Certainty::probable, "probable"},
    {Certainty::unknown, "unknown"},
}};

template <typename Table, typename Value>
Json name_in(const Table& table, Value value) {
  for (const auto& [known, name] : table) {
    if (known == value) return name;
  }
  return nullptr;
}

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

// --- the parts

Json exit_json(const Exit& exit) {
  return {{"code", or_null(exit.code)},
          {"signal", or_null(exit.signal)},
          {"signal_name", exit.signal ? Json(signal_name(*exit.signal)) : Json(nullptr)},
          {"core_dumped", exit.core_dumped}};
}

Json setup_json(const Outcome& outcome) {
  if (outcome.verdict != Verdict::setup_failed) return nullptr;
  const Evidence& evidence = outcome.evidence;
  const int error = evidence.setup_errno;
  return {{"attempt", or_null(evidence.setup_attempt)},
          {"errno", error ? Json(error) : Json(nullptr)},
          {"errno_name", error ? Json(errno_name(error)) : Json(nullptr)},
          {"exit_code", evidence.setup_exit_code},
          {"unsupported", evidence.unsupported}};
}

Json evidence_json(const Outcome& outcome) {
  const Evidence& evidence = outcome.evidence;
  const int interrupt = evidence.interrupt_signal;
  return {{"sender", name_in(kSenders, evidence.sender)},
          {"certainty", name_in(kCertainties, evidence.certainty)},
          {"oom_kills", or_null(evidence.oom_kills)},
          {"memory_cap_bytes", or_null(evidence.memory_cap)},
          {"memory_peak_bytes", or_null(evidence.memory_peak)},
          {"memory_anonymous_bytes", or_null(evidence.memory_anonymous)},
          {"memory_files_bytes", or_null(evidence.memory_files)},
          {"victim_was_child", evidence.victim_was_child},
          {"outer_group", or_null(evidence.outer_group)},
          {"outer_use_bytes", or_null(evidence.outer_use)},
          {"outer_cap_bytes", or_null(evidence.outer_cap)},
          {"limit_seconds", or_null(evidence.limit_seconds)},
          {"cpu_seconds", or_null(evidence.cpu_seconds)},
          {"wanted_cpu", evidence.wanted_cpu},
          {"init_died", evidence.init_died},
          {"interrupt_signal", interrupt ? Json(interrupt) : Json(nullptr)},
          {"full_place", or_null(evidence.full_place)},
          {"missing_library", or_null(evidence.missing_library)},
          {"hidden_folder", or_null(evidence.hidden_folder)},
          {"setup", setup_json(outcome)}};
}

// Each figure, and under "sources" where it was read.
class UsageWriter {
 public:
  template <typename T>
  UsageWriter& add(const char* key, const Figure<T>& figure) {
    figures_[key] = or_null(figure.value);
    sources_[key] = or_null(figure.source);
    return *this;
  }
  Json take() {
    figures_["sources"] = std::move(sources_);
    return std::move(figures_);
  }

 private:
  Json figures_ = Json::object();
  Json sources_ = Json::object();
};

Json usage_json(const Usage& usage) {
  return UsageWriter{}
      .add("wall_seconds", usage.wall_seconds)
      .add("cpu_user_seconds", usage.cpu_user_seconds)
      .add("cpu_system_seconds", usage.cpu_system_seconds)
      .add("cpu_throttled_seconds", usage.cpu_throttled_seconds)
      .add("memory_peak_bytes", usage.memory_peak_bytes)
      .add("memory_at_end_file_bytes", usage.memory_at_end_file_bytes)
      .add("memory_at_end_shmem_bytes", usage.memory_at_end_shmem_bytes)
      .add("memory_at_end_kernel_bytes", usage.memory_at_end_kernel_bytes)
      .add("memory_anon_peak_estimate_bytes", usage.memory_anon_peak_estimate_bytes)
      .add("max_rss_bytes", usage.max_rss_bytes)
      .add("pids_peak", usage.pids_peak)
      .add("oom_kills", usage.oom_kills)
      .add("pids_refused", usage.pids_refused)
      .take();
}

Json record_json(const LimitRecord& limit) {
  return {{"name", limit.name},
          {"requested", or_null(limit.requested)},
          {"enforced", or_null(limit.enforced)},
          {"by", or_null(limit.by)}};
}

Json record_json(const MountRecord& mount) {
  return {{"destination", mount.destination},
          {"source", or_null(mount.source)},
          {"kind", mount.kind},
          {"writable", mount.writable},
          {"id_mapped", mount.id_mapped},
          {"why", or_null(mount.why)}};
}

Json record_json(const Event& event) {
  Json details = Json::object();
  for (const auto& [key, detail] : event.details) {
    details[key] = std::visit([](const auto& value) { return Json(value); }, detail);
  }
  return {{"kind", event.kind}, {"at_seconds", event.at_seconds}, {"details", std::move(details)}};
}

Json record_json(const ThreadState& thread) {
  return {{"pid", thread.pid},
          {"tid", thread.tid},
          {"name", thread.name},
          {"command_line", or_null(thread.command_line)},
          {"state", or_null(thread.state)},
          {"wait_channel", or_null(thread.wait_channel)},
          {"system_call", or_null(thread.system_call)},
          {"cpu_seconds", or_null(thread.cpu_seconds)}};
}

template <typename Record>
Json list_json(const std::vector<Record>& records) {
  Json list = Json::array();
  for (const Record& record : records) list.push_back(record_json(record));
  return list;
}

Json identity_json(const IdentityRecord& identity) {
  return {{"uid_inside", identity.uid_inside},
          {"gid_inside", identity.gid_inside},
          {"uid_outside", identity.uid_outside},
          {"gid_outside", identity.gid_outside},
          {"how", or_null(identity.how)}};
}

Json environment_json(const EnvironmentRecord& environment) {
  return {{"removed", environment.removed},
          {"replaced", environment.replaced},
          {"added", environment.added}};
}

Json report_json(const Report& report) {
  const Outcome& outcome = report.outcome;
  Json json = {{"schema", kReportSchema}, {"run_id", report.run_id}, {"name", report.name}};
  json["version"] = report.version;
  json["command"] = report.command;
  json["cwd"] = report.cwd;
  json["started_at"] = report.started_at;
  json["verdict"] = verdict_name(outcome.verdict);
  json["reason"] = or_null(outcome.reason);
  json["hint"] = or_null(outcome.hint);
  json["test"] = or_null(outcome.test);
  json["exit"] = exit_json(outcome.exit);
  json["exit_status"] = report.exit_status;
  json["evidence"] = evidence_json(outcome);
  json["usage"] = usage_json(report.usage);
  json["limits"] = list_json(report.limits);
  json["identity"] = identity_json(report.identity);
  json["cgroup"] = or_null(report.cgroup);
  json["groups"] = report.groups;
  json["mounts"] = list_json(report.mounts);
  json["environment"] = environment_json(report.environment);
  json["events"] = list_json(report.events);
  json["hang"] = list_json(report.hang);
  json["leaks"] = list_json(report.leaks);
  json["policy"] = policy_to_json(report.policy);
  json["overhead_seconds"] = or_null(report.overhead_seconds);
  json["warnings"] = report.warnings;
  return json;
}

// --- bytes that are not UTF-8

bool is_text(const std::string& text) {
  return to_utf8(text) == text;
}

// null where every string of the list is valid; else the bytes of those that are not.
Json bytes_of(const Json& list) {
  Json bytes = Json::array();
  bool any = false;
  for (const Json& item : list) {
    const auto* text = item.get_ptr<const std::string*>();
    const bool valid = !text || is_text(*text);
    bytes.push_back(valid ? Json(nullptr) : Json(base64(*text)));
    any = any || !valid;
  }
  return any ? bytes : Json(nullptr);
}

Json base64_beside(const Json& value) {
  if (value.is_array()) return bytes_of(value);
  const auto* text = value.get_ptr<const std::string*>();
  return !text || is_text(*text) ? Json(nullptr) : Json(base64(*text));
}

Json made_text(const Json& value) {
  if (const auto* text = value.get_ptr<const std::string*>()) return to_utf8(*text);
  if (value.is_array()) {
    Json list = Json::array();
    for (const Json& item : value) list.push_back(made_text(item));
    return list;
  }
  if (!value.is_object()) return value;
  Json object = Json::object();
  for (const auto& [key, item] : value.items()) {
    object[to_utf8(key)] = made_text(item);
    Json bytes = base64_beside(item);
    if (!bytes.is_null()) object[to_utf8(key) + "_base64"] = std::move(bytes);
  }
  return object;
}

}  // namespace

std::string to_json(const Report& report) {
  return made_text(report_json(report)).dump(2) + "\n";
}

}  // namespace sandbox
