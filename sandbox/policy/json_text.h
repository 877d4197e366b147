// JSON as text, written from front to back: always valid UTF-8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace sandbox {

enum class JsonLayout { indented, one_line };

// Writes the text of nlohmann's dump(2) or dump(). What is opened must be closed.
class JsonText {
 public:
  explicit JsonText(JsonLayout layout) : layout_(layout) {}

  void open(char bracket);
  void close(char bracket);
  void item();                      // before each item of a list
  void key(std::string_view name);  // before the value of each member of an object

  void null() { text_ += "null"; }
  void boolean(bool value) { text_ += value ? "true" : "false"; }
  void number(std::int64_t value) { text_ += std::to_string(value); }
  void number(std::uint64_t value) { text_ += std::to_string(value); }
  void number(double value);            // null where it is not finite: JSON has no such numbers
  void string(std::string_view bytes);  // with U+FFFD for what is not UTF-8

  std::string take() { return std::move(text_); }

 private:
  void new_line();

  const JsonLayout layout_;
  std::string text_;
  std::size_t depth_ = 0;
  bool is_first_ = true;  // nothing stands before it in its object or list
};

}  // namespace sandbox
