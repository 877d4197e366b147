#include "policy/words.h"

#include <algorithm>

namespace sandbox {
namespace {

constexpr std::size_t kLongestWord = 200;

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

bool needs_quotes(std::string_view word) {
  const auto troubles = [](char c) { return is_control(c) || c == ' ' || c == '"'; };
  return word.empty() || std::any_of(word.begin(), word.end(), troubles);
}

std::string escaped(char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  if (c == '"' || c == '\\') return {'\\', c};
  if (!is_control(c)) return {c};
  const auto byte = static_cast<unsigned char>(c);
  return {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
}

}  // namespace

std::string shown(std::string_view word) {
  if (word.size() > kLongestWord) return shown(word.substr(0, kLongestWord)) + "...";
  if (!needs_quotes(word)) return std::string(word);
  std::string text = "\"";
  for (const char c : word) text += escaped(c);
  return text + '"';
}

void refuse(std::string_view word, const std::string& problem, const std::string& hint) {
  throw Error{shown(word) + ": " + problem, 0, hint};
}

void Problems::add(const std::string& text, const std::string& hint) {
  if (!full()) all_.push_back({text, hint});
}

void Problems::add(const std::string& place, const Error& error) {
  add(place + error.what(), error.hint());
}

Error Problems::error() const {
  if (all_.size() == 1) return Error{all_.front().text, 0, all_.front().hint};
  std::string text;
  for (const Problem& problem : all_) {
    text += (text.empty() ? "" : "\n") + problem.text;
    if (!problem.hint.empty()) text += " (" + problem.hint + ")";
  }
  return Error{text + (full() ? "\nand so on" : "")};
}

}  // namespace sandbox
