#include "report/read.h"

#include <utility>
#include <vector>

#include "policy/encoding.h"
#include "policy/words.h"
#include "report/keys.h"
#include "report/text.h"

namespace sandbox {
namespace {

// --- bytes that are not UTF-8

void restore_text(Json& value, const Json& companion) {
  const auto* text = companion.get_ptr<const std::string*>();
  if (!text || !value.is_string()) return;
  auto bytes = from_base64(*text);
  if (!bytes) misfit("base64");
  value = std::move(*bytes);
}

void restore(Json& value, const Json& companion) {
  if (!value.is_array() || !companion.is_array()) return restore_text(value, companion);
  if (value.size() != companion.size()) misfit("as many items as the list beside it");
  for (std::size_t i = 0; i < value.size(); ++i) restore_text(value[i], companion[i]);
}

// The bytes of each member that has a companion, which goes: details of events have any key.
void restore_members(Json& object) {
  std::vector<std::string> companions;
  for (auto& [key, value] : object.items()) {
    const auto companion = object.find(key + std::string{kCompanion});
    if (companion == object.end()) continue;
    in_place(companion.key(), [&, &member = value] { restore(member, *companion); });
    companions.push_back(companion.key());
  }
  for (const std::string& key : companions) object.erase(key);
}

// What lies deeper than a report goes is none of ours.
void restore_bytes(Json& json, int depth = 0) {
  constexpr int kDeepest = 8;
  if (!json.is_structured() || depth > kDeepest) return;
  if (json.is_object()) restore_members(json);
  for (auto& [key, value] : json.items()) {
    in_place(key, [&, &item = value] { restore_bytes(item, depth + 1); });
  }
}

// --- the whole

Json parsed(std::string_view text) {
  try {
    return Json::parse(text);
  } catch (const Json::exception& error) {
    const std::string what = error.what();  // "[json.exception.…] parse error at line 1, …"
    throw Error{": " + one_line(what.substr(what.find("] ") + 2))};
  }
}

void check_schema(const Json& json) {
  if (!json.is_object()) misfit("an object");
  const auto schema = json.find("schema");
  if (schema == json.end()) throw Error{": it has no schema"};
  if (*schema == kReportSchema) return;
  throw Error{"/schema: " + one_line(shown(to_utf8(schema->dump()))) + " is not " + kReportSchema};
}

Report read_report(std::string_view text) {
  Json json = parsed(text);
  check_schema(json);
  if (text.find(kCompanion) != text.npos) restore_bytes(json);
  Report report;
  KeyReader::read(json, report, kReportKeys);
  report.policy.command = report.command;
  return report;
}

}  // namespace

Report parse_report(std::string_view json) {
  try {
    return read_report(json);
  } catch (const Error& error) {
    const std::string what = error.what();
    throw Error{"not a report" + (what.starts_with(':') ? what : ": " + what), 0, error.hint()};
  }
}

}  // namespace sandbox
