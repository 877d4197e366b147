#include "ctest/junit.h"

#include <cstdio>
#include <pugixml.hpp>
#include <sstream>
#include <string_view>

#include "policy/encoding.h"

namespace sandbox::ctest {
namespace {

void set(pugi::xml_node node, const char* name, const std::string& value) {
  node.append_attribute(name).set_value(for_xml(value).c_str());
}

std::string decimal(double value) {
  char text[64];
  (void)std::snprintf(text, sizeof text, "%.6f", value);
  return text;
}

class Properties {
 public:
  explicit Properties(pugi::xml_node test) : test_(test) {}

  void add(const char* name, const std::string& value) {
    if (!properties_) properties_ = test_.append_child("properties");
    pugi::xml_node property = properties_.append_child("property");
    set(property, "name", std::string{"sandbox."} + name);
    set(property, "value", value);
  }
  void add(const char* name, const std::optional<double>& value) {
    if (value) add(name, decimal(*value));
  }
  void add(const char* name, const std::optional<std::uint64_t>& value) {
    if (value) add(name, std::to_string(*value));
  }

 private:
  pugi::xml_node test_;
  pugi::xml_node properties_{};
};

void add_attempt(pugi::xml_node node, const SuiteAttempt& attempt) {
  Properties properties{node};
  properties.add("verdict", attempt.verdict);
  if (!attempt.figures) return;
  properties.add("cpu_user_seconds", attempt.figures->cpu_user_seconds);
  properties.add("cpu_system_seconds", attempt.figures->cpu_system_seconds);
  properties.add("memory_peak_bytes", attempt.figures->memory_peak_bytes);
  properties.add("oom_kills", attempt.figures->oom_kills);
}

void add_end(pugi::xml_node node, const SuiteTest& test, const SuiteAttempt& attempt) {
  if (test.result == TestState::skipped || test.result == TestState::disabled) {
    set(node.append_child("skipped"), "message", attempt.reason);
    return;
  }
  if (test.result != TestState::failed && test.result != TestState::not_run) return;
  const bool by_itself = attempt.verdict == "failed";
  pugi::xml_node failure = node.append_child(by_itself ? "failure" : "error");
  set(failure, "message", attempt.reason);
  set(failure, "type", attempt.verdict);
  std::string text = attempt.reason;
  if (!attempt.hint.empty()) text += "\nhint: " + attempt.hint;
  failure.append_child(pugi::node_pcdata).set_value(for_xml(text).c_str());
}

}  // namespace

std::string junit_text(const SuiteReport& suite, const std::string& name) {
  pugi::xml_document document;
  pugi::xml_node all = document.append_child("testsuites");
  pugi::xml_node node = all.append_child("testsuite");
  set(node, "name", name);
  std::size_t failures = 0;
  std::size_t errors = 0;
  for (const SuiteTest& test : suite.tests) {
    const SuiteAttempt attempt = test.attempts.empty() ? SuiteAttempt{} : test.attempts.back();
    pugi::xml_node one = node.append_child("testcase");
    set(one, "name", test.name);
    set(one, "classname", name);
    set(one, "time", decimal(attempt.seconds));
    if (!test.attempts.empty()) add_attempt(one, attempt);
    add_end(one, test, attempt);
    if (!attempt.output.empty())
      one.append_child("system-out")
          .append_child(pugi::node_pcdata)
          .set_value(for_xml(attempt.output).c_str());
    failures += !one.child("failure").empty();
    errors += !one.child("error").empty();
  }
  const std::size_t skipped = suite.count(TestState::skipped) + suite.count(TestState::disabled);
  for (pugi::xml_node sum : {all, node}) {
    set(sum, "tests", std::to_string(suite.tests.size()));
    set(sum, "failures", std::to_string(failures));
    set(sum, "errors", std::to_string(errors));
    set(sum, "skipped", std::to_string(skipped));
    set(sum, "time", decimal(suite.wall_seconds));
  }
  std::ostringstream text;
  document.save(text, " ", pugi::format_default, pugi::encoding_utf8);
  return text.str();
}

}  // namespace sandbox::ctest
