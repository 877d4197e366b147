#include "report/json.h"

#include <utility>

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

}  // namespace

std::string to_json(const Report& report) {
  return made_text(KeyWriter::written(report, kReportKeys)).dump(2) + "\n";
}

}  // namespace sandbox
