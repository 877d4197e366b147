#include "report/json.h"

#include <utility>

#include "report/event_stream.h"
#include "report/keys.h"
#include "report/text.h"

namespace sandbox {
namespace {

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

constexpr auto kBeginKeys = [](auto& keys, auto& report) {
  keys.derived("schema", kEventsSchema);
  keys.derived("kind", "begin");
  keys.field("run_id", report.run_id);
  keys.field("name", report.name);
  keys.field("command", report.command);
  keys.field("started_at", report.started_at);
};

std::string one_line_of(const Json& json) {
  return made_text(json).dump() + "\n";
}

}  // namespace

std::string begin_line(const Report& report) {
  return one_line_of(KeyWriter::written(report, kBeginKeys));
}

std::string event_line(const Event& event) {
  return one_line_of(KeyWriter::written(event, kEventKeys));
}

std::string report_line(const Report& report) {
  return one_line_of({{"kind", "report"}, {"report", KeyWriter::written(report, kReportKeys)}});
}

std::string to_json(const Report& report) {
  return made_text(KeyWriter::written(report, kReportKeys)).dump(2) + "\n";
}

}  // namespace sandbox
