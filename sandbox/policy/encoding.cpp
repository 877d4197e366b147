#include "policy/encoding.h"

#include <algorithm>
#include <cstdint>

namespace sandbox {
namespace {

// The allowed second bytes differ with the first: they keep out overlong forms, surrogates and
// what lies above U+10FFFF (RFC 3629, section 4).
struct Lead {
  unsigned char first, last;
  std::size_t length;
  unsigned char second_first, second_last;
};

constexpr Lead kLeads[] = {
    {0x00, 0x7f, 1, 0x00, 0x00}, {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf},
    {0xe1, 0xec, 3, 0x80, 0xbf}, {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf},
    {0xf0, 0xf0, 4, 0x90, 0xbf}, {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
};

bool is_between(char c, unsigned char first, unsigned char last) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= first && byte <= last;
}

bool continues(std::string_view text, const Lead& lead) {
  if (text.size() < lead.length) return false;
  if (lead.length > 1 && !is_between(text[1], lead.second_first, lead.second_last)) return false;
  for (std::size_t i = 2; i < lead.length; ++i) {
    if (!is_between(text[i], 0x80, 0xbf)) return false;
  }
  return true;
}

// Bytes of the character that `text` begins with; 0 where it is not one.
std::size_t character_length(std::string_view text) {
  for (const Lead& lead : kLeads) {
    if (is_between(text[0], lead.first, lead.last)) return continues(text, lead) ? lead.length : 0;
  }
  return 0;
}

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

bool is_utf8(std::string_view bytes) {
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  for (;;) {
    const auto other = std::ranges::find_if_not(bytes, is_ascii);
    bytes.remove_prefix(static_cast<std::size_t>(other - bytes.begin()));
    if (bytes.empty()) return true;
    const std::size_t length = character_length(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
}

std::string to_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const std::size_t length = character_length(bytes);
    text += length ? bytes.substr(0, length) : std::string_view{"\xef\xbf\xbd"};
    bytes.remove_prefix(length ? length : 1);
  }
  return text;
}

std::string for_xml(std::string_view bytes) {
  std::string text = to_utf8(bytes);
  std::erase_if(text, [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' && c != '\r';
  });
  return text;
}

std::string base64(std::string_view bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::string_view group = bytes.substr(at, 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      bits = bits << 8 | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      text += i <= group.size() ? kDigits[bits >> (18 - 6 * i) & 63] : '=';
    }
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string bytes;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  std::uint32_t bits = 0;
  for (std::size_t at = 0; at < text.size() - padding; ++at) {
    const std::size_t digit = kDigits.find(text[at]);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    if (at % 4 > 0) bytes += static_cast<char>(bits >> (6 - 2 * (at % 4)) & 0xff);
  }
  // Only what base64() writes: whole groups of four, no stray bits.
  if (base64(bytes) != text) return std::nullopt;
  return bytes;
}

}  // namespace sandbox
