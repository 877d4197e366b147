// The user's own words in messages, and several messages in one Error.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "sys/error.h"

namespace sandbox {

// `word` as it can stand in a message of one line: in quotes with escapes where it is empty or
// holds blanks, quotes or control characters; cut where it is very long. Other bytes stay as they
// are.
std::string shown(std::string_view word);

// Throws Error "<word>: <problem>": how every refusal of a value begins.
[[noreturn]] void refuse(std::string_view word, const std::string& problem,
                         const std::string& hint = {});

// Calls `parse`, for a part of `word`, and names the whole of it in what that throws.
template <typename F>
auto in_words(std::string_view word, F parse) {
  try {
    return parse();
  } catch (const Error& error) {
    throw Error{shown(word) + ": " + error.what(), 0, error.hint()};
  }
}

// What is wrong with a whole command line or file, so that it can be told at once.
class Problems {
 public:
  void add(const std::string& text, const std::string& hint = {});
  // "<place><what>": `place` ends in a blank, as "--memory ".
  void add(const std::string& place, const Error& error);
  bool empty() const { return all_.empty(); }
  // More would be read by nobody: they are not kept, and need not be looked for.
  bool full() const { return all_.size() == kMost; }
  // All in one: of a single problem the hint apart, of several a line each, with the
  // hint in brackets. Not when empty.
  Error error() const;

 private:
  static constexpr std::size_t kMost = 20;
  struct Problem {
    std::string text;
    std::string hint;
  };
  std::vector<Problem> all_;
};

}  // namespace sandbox
