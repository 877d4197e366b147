#include "runner/program.h"

#include <nlohmann/json.hpp>

#include "policy/encoding.h"
#include "sys/error.h"

namespace sandbox::runner {
namespace {

bool has_disabled_name(std::string_view name) {
  return name.starts_with("DISABLED_") || name.find("/DISABLED_") != std::string_view::npos;
}

// gtest 1.12 to 1.18 write each byte of a name as a character of its own; one that writes
// characters writes none that are the bytes of others.
std::string as_written(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto first = static_cast<unsigned char>(text[i]);
    if (first < 0x80) {
      bytes += text[i];
    } else if ((first == 0xc2 || first == 0xc3) && i + 1 < text.size()) {
      bytes += static_cast<char>(((first & 3) << 6) | (text[++i] & 0x3f));
    } else {
      return text;  // beyond a byte
    }
  }
  return is_utf8(bytes) ? bytes : text;
}

std::string text_of(const nlohmann::json& object, const char* key) {
  return as_written(object.value(key, ""));
}

TestCase read_test(const nlohmann::json& test, const std::string& suite) {
  TestCase found;
  found.suite = suite;
  found.name = as_written(test.at("name").get<std::string>());
  found.file = text_of(test, "file");
  found.line = test.value("line", 0);
  found.type_param = text_of(test, "type_param");
  found.value_param = text_of(test, "value_param");
  return found;
}

std::vector<TestCase> read_tests(const nlohmann::json& list) {
  std::vector<TestCase> tests;
  for (const auto& suite : list.at("testsuites")) {
    for (const auto& test : suite.at("testsuite"))
      tests.push_back(read_test(test, as_written(suite.at("name").get<std::string>())));
  }
  return tests;
}

}  // namespace

bool TestCase::is_disabled() const {
  return has_disabled_name(suite) || has_disabled_name(name);
}

TestList TestList::parse(std::string_view json) {
  TestList list;
  try {
    list.tests_ = read_tests(nlohmann::json::parse(json));
  } catch (const nlohmann::json::exception& error) {
    throw Error{std::string{"the list of its TESTs cannot be read: "} + error.what()};
  }
  for (std::size_t i = 0; i < list.tests_.size(); ++i) {
    const std::string name = list.tests_[i].full_name();
    if (!list.by_name_.emplace(name, i).second)
      throw Error{"two of its TESTs are named " + name + ", and nothing tells their results apart"};
  }
  return list;
}

std::size_t TestList::find(std::string_view full_name) const {
  const auto found = by_name_.find(full_name);
  return found == by_name_.end() ? npos : found->second;
}

}  // namespace sandbox::runner
