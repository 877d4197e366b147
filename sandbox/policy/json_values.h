// How a value stands in the JSON of a report, both ways. Each read_json throws Error ": <what it
// wants>", so that a caller can put the place before it.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "policy/policy.h"
#include "sys/error.h"

namespace sandbox {

using Json = nlohmann::ordered_json;

[[noreturn]] void misfit(const std::string& wanted);

Json json_of(Bytes size);                      // a number of bytes
Json json_of(std::chrono::milliseconds time);  // seconds
template <typename T>
Json json_of(const T& value);
template <typename T>
Json json_of(const std::optional<T>& value);  // null where it is unknown

void read_json(const Json& json, bool& value);
void read_json(const Json& json, double& value);  // null: NaN, as JSON has none
void read_json(const Json& json, std::string& value);
void read_json(const Json& json, Bytes& value);
void read_json(const Json& json, std::chrono::milliseconds& value);
template <std::integral T>
void read_json(const Json& json, T& value);
template <typename T>
void read_json(const Json& json, std::optional<T>& value);
template <typename T>
void read_json(const Json& json, std::vector<T>& value);

// Calls `read`; what that throws gets `step` before its place.
template <typename F>
void in_place(const std::string& step, F read) {
  try {
    read();
  } catch (const Error& error) {
    throw Error{"/" + step + error.what(), 0, error.hint()};
  }
}

// Calls `read` with each item of a list.
template <typename F>
void each_item(const Json& json, F read) {
  if (!json.is_array()) misfit("a list");
  for (std::size_t i = 0; i < json.size(); ++i) {
    in_place(std::to_string(i), [&] { read(json[i]); });
  }
}

template <typename T>
Json json_of(const T& value) {
  return Json(value);
}

template <typename T>
Json json_of(const std::optional<T>& value) {
  return value ? json_of(*value) : Json(nullptr);
}

template <std::integral T>
void read_json(const Json& json, T& value) {
  const bool fits = json.is_number_unsigned()
                        ? std::in_range<T>(json.get<std::uint64_t>())
                        : json.is_number_integer() && std::in_range<T>(json.get<std::int64_t>());
  if (!fits) misfit("a whole number within its range");
  value = json.get<T>();
}

template <typename T>
void read_json(const Json& json, std::optional<T>& value) {
  value.reset();
  if (!json.is_null()) read_json(json, value.emplace());
}

template <typename T>
void read_json(const Json& json, std::vector<T>& value) {
  value.clear();
  each_item(json, [&](const Json& item) { read_json(item, value.emplace_back()); });
}

}  // namespace sandbox
