// How a value stands in the JSON of a report, both ways. Each read_json throws Error ": <what it
// wants>", so that a caller can put the place before it.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "policy/json_text.h"
#include "policy/policy.h"
#include "sys/error.h"

namespace sandbox {

using Json = nlohmann::ordered_json;

[[noreturn]] void misfit(const std::string& wanted);

void write_json(JsonText& json, std::nullptr_t);
void write_json(JsonText& json, double value);
void write_json(JsonText& json, std::string_view value);
void write_json(JsonText& json, Bytes value);                      // a number of bytes
void write_json(JsonText& json, std::chrono::milliseconds value);  // seconds
template <std::integral T>
void write_json(JsonText& json, T value);
template <typename T>
void write_json(JsonText& json, const std::optional<T>& value);  // null where it is unknown
template <typename T>
void write_json(JsonText& json, const std::vector<T>& value);

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

template <std::integral T>
void write_json(JsonText& json, T value) {
  if constexpr (std::same_as<T, bool>) {
    json.boolean(value);
  } else if constexpr (std::is_signed_v<T>) {
    json.number(std::int64_t{value});
  } else {
    json.number(std::uint64_t{value});
  }
}

template <typename T>
void write_json(JsonText& json, const std::optional<T>& value) {
  if (value) {
    write_json(json, *value);
  } else {
    json.null();
  }
}

template <typename T>
void write_json(JsonText& json, const std::vector<T>& value) {
  json.open('[');
  for (const T& item : value) {
    json.item();
    write_json(json, item);
  }
  json.close(']');
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
