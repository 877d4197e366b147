#include "policy/json_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "policy/encoding.h"

namespace sandbox {
namespace {

bool must_be_escaped(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

// RFC 8259, section 7.
std::string escaped(char c) {
  constexpr std::string_view kShort = "\"\\\b\f\n\r\t";
  constexpr std::string_view kLetters = "\"\\bfnrt";
  constexpr std::string_view kDigits = "0123456789abcdef";
  if (const auto at = kShort.find(c); at != kShort.npos) return {'\\', kLetters[at]};
  const auto code = static_cast<unsigned char>(c);
  return {'\\', 'u', '0', '0', kDigits[code >> 4], kDigits[code & 15]};
}

}  // namespace

void JsonText::open(char bracket) {
  text_ += bracket;
  ++depth_;
  is_first_ = true;
}

void JsonText::close(char bracket) {
  --depth_;
  if (!is_first_) new_line();
  text_ += bracket;
  is_first_ = false;
}

void JsonText::item() {
  if (!is_first_) text_ += ',';
  is_first_ = false;
  new_line();
}

void JsonText::key(std::string_view name) {
  item();
  string(name);
  text_ += layout_ == JsonLayout::indented ? ": " : ":";
}

// The shortest digits that give the same number again.
void JsonText::number(double value) {
  text_ += nlohmann::json(value).dump();
}

void JsonText::string(std::string_view bytes) {
  if (!is_utf8(bytes)) return string(to_utf8(bytes));
  text_ += '"';
  while (!bytes.empty()) {
    const auto other = std::ranges::find_if(bytes, must_be_escaped);
    const auto plain = static_cast<std::size_t>(other - bytes.begin());
    text_ += bytes.substr(0, plain);
    bytes.remove_prefix(plain);
    if (bytes.empty()) break;
    text_ += escaped(bytes[0]);
    bytes.remove_prefix(1);
  }
  text_ += '"';
}

void JsonText::new_line() {
  if (layout_ == JsonLayout::one_line) return;
  text_ += '\n';
  text_.append(2 * depth_, ' ');
}

}  // namespace sandbox
