// The members of a JSON object as they are written: each with its line, duplicates kept, numbers as
// text so that none is rounded or wraps.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sandbox {

enum class JsonType { null, boolean, number, string, list, object };

struct JsonValue {
  JsonType type = JsonType::null;
  std::string text{};  // of a boolean, number or string
  std::size_t line = 0;
  std::vector<JsonValue> items{};  // of a list
};

struct JsonMember {
  std::string key{};
  std::size_t line = 0;
  JsonValue value{};
};

struct JsonFault {
  std::string what{};
  std::size_t line = 0;
};

struct JsonScan {
  std::vector<JsonMember> members{};
  std::optional<JsonFault> fault{};  // why it is not an object; what came before is in `members`
};

// Never throws but for want of memory. What lies deeper than a list of plain values is dropped; its
// type is kept.
JsonScan scan_json_object(std::string_view text);

}  // namespace sandbox
