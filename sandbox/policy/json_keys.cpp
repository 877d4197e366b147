#include "policy/json_keys.h"

#include <algorithm>

#include "policy/encoding.h"

namespace sandbox {

void KeyWriter::bytes_beside(std::string_view key, const std::string& text) {
  if (is_utf8(text)) return;
  json_.key(std::string{key}.append(kCompanion));
  json_.string(base64(text));
}

void KeyWriter::bytes_beside(std::string_view key, const std::vector<std::string>& list) {
  if (std::ranges::all_of(list, is_utf8)) return;
  json_.key(std::string{key}.append(kCompanion));
  json_.open('[');
  for (const std::string& text : list) {
    json_.item();
    if (is_utf8(text)) {
      json_.null();
    } else {
      json_.string(base64(text));
    }
  }
  json_.close(']');
}

}  // namespace sandbox
