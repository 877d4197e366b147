// The TESTs of a GoogleTest program, as it lists them itself.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sandbox::runner {

struct TestCase {
  std::string suite{};
  std::string name{};
  std::string file{};
  int line = 0;
  std::string type_param{};
  std::string value_param{};

  std::string full_name() const { return suite + "." + name; }
  // By its name or its suite's ("DISABLED_…", also after a prefix of its instantiation).
  bool is_disabled() const;
};

// In the program's own order. A TEST is known by its index.
class TestList {
 public:
  TestList() = default;
  // From what --gtest_list_tests --gtest_output=json:FILE writes. Throws Error where it is not
  // that.
  static TestList parse(std::string_view json);

  const std::vector<TestCase>& tests() const { return tests_; }
  const TestCase& operator[](std::size_t index) const { return tests_[index]; }
  std::size_t size() const { return tests_.size(); }

  static constexpr std::size_t npos = static_cast<std::size_t>(-1);
  std::size_t find(std::string_view full_name) const;  // npos: none

 private:
  std::vector<TestCase> tests_{};
  std::map<std::string, std::size_t, std::less<>> by_name_{};
};

}  // namespace sandbox::runner
