#include "policy/json_values.h"

#include <cmath>
#include <limits>

namespace sandbox {

void misfit(const std::string& wanted) {
  throw Error{": wants " + wanted};
}

void write_json(JsonText& json, std::nullptr_t) {
  json.null();
}

void write_json(JsonText& json, double value) {
  json.number(value);
}

void write_json(JsonText& json, std::string_view value) {
  json.string(value);
}

void write_json(JsonText& json, Bytes value) {
  json.number(value.count);
}

void write_json(JsonText& json, std::chrono::milliseconds value) {
  json.number(std::chrono::duration<double>(value).count());
}

void read_json(const Json& json, bool& value) {
  if (!json.is_boolean()) misfit("true or false");
  value = json.get<bool>();
}

void read_json(const Json& json, double& value) {
  if (!json.is_number() && !json.is_null()) misfit("a number");
  value = json.is_null() ? std::numeric_limits<double>::quiet_NaN() : json.get<double>();
}

void read_json(const Json& json, std::string& value) {
  const auto* text = json.get_ptr<const std::string*>();
  if (!text) misfit("a string");
  value = *text;
}

void read_json(const Json& json, Bytes& value) {
  read_json(json, value.count);
}

void read_json(const Json& json, std::chrono::milliseconds& value) {
  constexpr double kMost = 1e15;  // so that no conversion overflows
  double seconds = 0;
  read_json(json, seconds);
  if (!(std::abs(seconds) < kMost)) misfit("seconds");
  value = std::chrono::milliseconds{std::llround(seconds * 1e3)};
}

}  // namespace sandbox
