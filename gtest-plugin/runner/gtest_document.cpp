#include "runner/gtest_document.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <map>
#include <sstream>
#include <string_view>
#include <vector>

#include "policy/encoding.h"
#include "runner/gtest_json.h"

namespace sandbox::runner {
namespace {

constexpr const char* kOutsideTests = "NonTestSuiteFailure";  // gtest's own name

// "2026-01-02T03:04:05.678", local time, as gtest writes it.
std::string local_timestamp(Clock::time_point at) {
  const std::time_t seconds = Clock::to_time_t(at);
  const auto part =
      std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()) % 1000;
  std::tm fields{};
  ::localtime_r(&seconds, &fields);
  char text[32];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &fields);
  char fraction[8];
  (void)std::snprintf(fraction, sizeof fraction, ".%03d", static_cast<int>(part.count()));
  return std::string(text, size) + fraction;
}

std::string seconds_text(double seconds) {
  char text[32];
  (void)std::snprintf(text, sizeof text, "%.3f", seconds);
  std::string figure = text;
  figure.erase(figure.find_last_not_of('0') + 1);
  if (figure.ends_with('.')) figure.pop_back();
  return figure;
}

void add_attribute(pugi::xml_node node, const char* name, const std::string& value) {
  node.append_attribute(name).set_value(for_xml(value).c_str());
}

void add_failure(pugi::xml_node test, const std::string& text) {
  pugi::xml_node failure = test.append_child("failure");
  add_attribute(failure, "message", text);
  add_attribute(failure, "type", "");
  failure.append_child(pugi::node_cdata).set_value(for_xml(text).c_str());
}

void add_property(pugi::xml_node test, const char* name, const std::string& value) {
  pugi::xml_node properties = test.child("properties");
  if (!properties) properties = test.append_child("properties");
  pugi::xml_node property = properties.append_child("property");
  add_attribute(property, "name", name);
  add_attribute(property, "value", value);
}

// "t.cpp:5" of "t.cpp:5: Failure"; else "".
std::string failed_place(std::string_view line) {
  constexpr std::string_view kEnd = ": Failure";
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (!line.ends_with(kEnd) || line.starts_with(' ')) return "";
  line.remove_suffix(kEnd.size());
  const std::size_t last = line.find_last_not_of("0123456789");
  const bool numbered = last != std::string_view::npos && last > 0 && last + 1 < line.size();
  return numbered && line[last] == ':' ? std::string{line} : "";
}

// "t.cpp:5: Failure\nExpected …" in what a TEST wrote: gtest's XML has it as "t.cpp:5\nExpected …".
std::vector<std::string> failures_in(const std::string& output) {
  std::vector<std::string> found;
  std::istringstream lines{output};
  for (std::string line; std::getline(lines, line);) {
    if (const std::string place = failed_place(line); !place.empty()) {
      found.push_back(place);
    } else if (!found.empty()) {
      found.back() += "\n" + line;
    }
  }
  return found;
}

class DocumentWriter {
 public:
  explicit DocumentWriter(const SuiteResult& suite) : suite_(suite) {}

  pugi::xml_document write() {
    root_ = document_.append_child("testsuites");
    for (const char* name : {"tests", "failures", "disabled", "errors", "time", "timestamp"})
      root_.append_attribute(name);
    copy_others(first_root(), root_);
    for (std::size_t i = 0; i < suite_.tests.size(); ++i) {
      if (suite_.selected[i]) add_test(i);
    }
    add_what_gtest_added();
    for (const ProgramFailure& failure : suite_.failures) {
      if (!failure.is_in_xml) add_program_failure(failure);
    }
    count_all();
    return std::move(document_);
  }

 private:
  pugi::xml_node first_root() const {
    return suite_.documents.empty() ? pugi::xml_node{} : suite_.documents.front()->root();
  }

  // Attributes that are not counted anew: name, random_seed, a suite's own properties.
  static void copy_others(pugi::xml_node from, pugi::xml_node to) {
    for (const pugi::xml_attribute attribute : from.attributes()) {
      if (!to.attribute(attribute.name())) to.append_copy(attribute);
    }
    if (!to.attribute("name")) add_attribute(to, "name", "AllTests");
  }

  pugi::xml_node suite_node(const std::string& name) {
    pugi::xml_node& node = suites_[name];
    if (node) return node;
    node = root_.append_child("testsuite");
    add_attribute(node, "name", name);
    for (const char* each :
         {"tests", "failures", "disabled", "skipped", "errors", "time", "timestamp"})
      node.append_attribute(each);
    for (const auto& document : suite_.documents) {
      if (const auto found =
              document->root().find_child_by_attribute("testsuite", "name", name.c_str())) {
        copy_others(found, node);
        break;
      }
    }
    return node;
  }

  void add_test(std::size_t index) {
    const TestCase& test = suite_.tests[index];
    const TestResult& result = suite_.results[index];
    pugi::xml_node node = suite_node(test.suite);
    if (result.attempts.empty()) return add_not_run(node, test, result.disabled);
    const Attempt& attempt = result.attempts.back();
    node = attempt.xml ? node.append_copy(attempt.xml->find(test.suite, test.name))
                       : write_test(node, test, attempt);
    if (result.attempts.size() > 1)
      add_property(node, "sandbox.attempts", std::to_string(result.attempts.size()));
  }

  static pugi::xml_node begin_test(pugi::xml_node suite, const TestCase& test) {
    pugi::xml_node node = suite.append_child("testcase");
    add_attribute(node, "name", test.name);
    if (!test.value_param.empty()) add_attribute(node, "value_param", test.value_param);
    if (!test.type_param.empty()) add_attribute(node, "type_param", test.type_param);
    if (!test.file.empty()) add_attribute(node, "file", test.file);
    if (test.line > 0) add_attribute(node, "line", std::to_string(test.line));
    return node;
  }

  static void add_not_run(pugi::xml_node suite, const TestCase& test, bool disabled) {
    pugi::xml_node node = begin_test(suite, test);
    add_attribute(node, "status", "notrun");
    add_attribute(node, "result", disabled ? "suppressed" : "skipped");
    add_attribute(node, "time", "0");
    add_attribute(node, "timestamp", "1970-01-01T00:00:00.000");
    add_attribute(node, "classname", test.suite);
  }

  static void add_times(pugi::xml_node node, double seconds, Clock::time_point began) {
    add_attribute(node, "time", seconds_text(seconds));
    add_attribute(node, "timestamp", local_timestamp(began));
  }

  static pugi::xml_node write_test(pugi::xml_node suite, const TestCase& test,
                                   const Attempt& attempt) {
    pugi::xml_node node = begin_test(suite, test);
    add_attribute(node, "status", "run");
    add_attribute(node, "result", attempt.end == TestEnd::skipped ? "skipped" : "completed");
    add_times(node, attempt.seconds, attempt.began);
    add_attribute(node, "classname", test.suite);
    if (attempt.end == TestEnd::skipped) {
      pugi::xml_node skipped = node.append_child("skipped");
      add_attribute(skipped, "message", attempt.output);
      skipped.append_child(pugi::node_cdata).set_value(for_xml(attempt.output).c_str());
    }
    if (attempt.end == TestEnd::failed) add_failures(node, test, attempt);
    return node;
  }

  static void add_failures(pugi::xml_node node, const TestCase& test, const Attempt& attempt) {
    const std::vector<std::string> failures = failures_in(attempt.output);
    for (const std::string& text : failures) add_failure(node, text);
    const std::string place = test.file + ":" + std::to_string(test.line) + "\n";
    if (!attempt.reason.empty()) {
      add_failure(node, place + attempt.reason);
      add_property(node, "sandbox.verdict", attempt.verdict);
    } else if (failures.empty()) {
      add_failure(node, place + attempt.output);
    }
  }

  // Of failures outside all TESTs gtest writes elements of its own.
  void add_what_gtest_added() {
    for (const auto& document : suite_.documents) {
      for (const pugi::xml_node suite : document->root().children("testsuite")) {
        for (const pugi::xml_node test : suite.children("testcase")) {
          if (std::string_view{test.attribute("name").value()}.empty())
            suite_node(suite.attribute("name").value()).append_copy(test);
        }
      }
    }
  }

  void add_program_failure(const ProgramFailure& failure) {
    pugi::xml_node node = suite_node(kOutsideTests).append_child("testcase");
    add_attribute(node, "name", "");
    add_attribute(node, "status", "run");
    add_attribute(node, "result", "completed");
    add_times(node, 0, failure.began);
    add_attribute(node, "classname", "");
    add_failure(node, failure.reason + (failure.output.empty() ? "" : "\n" + failure.output));
    add_property(node, "sandbox.verdict", failure.verdict);
  }

  struct Counts {
    unsigned tests = 0;
    unsigned failures = 0;
    unsigned disabled = 0;
    unsigned skipped = 0;
    double seconds = 0;
    std::string timestamp{};

    void add(const pugi::xml_node& test) {
      const std::string_view result = test.attribute("result").value();
      ++tests;
      failures += static_cast<bool>(test.child("failure"));
      disabled += result == "suppressed";
      skipped += result == "skipped";
      seconds += test.attribute("time").as_double();
      const std::string at = test.attribute("timestamp").value();
      const bool ran = std::string_view{test.attribute("status").value()} == "run";
      if (ran && (timestamp.empty() || at < timestamp)) timestamp = at;
    }
  };

  static void set(pugi::xml_node node, const char* name, const std::string& value) {
    if (pugi::xml_attribute attribute = node.attribute(name)) attribute.set_value(value.c_str());
  }

  static void set_counts(pugi::xml_node node, const Counts& counts) {
    set(node, "tests", std::to_string(counts.tests));
    set(node, "failures", std::to_string(counts.failures));
    set(node, "disabled", std::to_string(counts.disabled));
    set(node, "skipped", std::to_string(counts.skipped));
    set(node, "errors", "0");
  }

  void count_all() {
    Counts all;
    for (const pugi::xml_node suite : root_.children("testsuite")) {
      Counts counts;
      for (const pugi::xml_node test : suite.children("testcase")) {
        counts.add(test);
        all.add(test);
      }
      set_counts(suite, counts);
      set(suite, "time", seconds_text(counts.seconds));
      set(suite, "timestamp",
          counts.timestamp.empty() ? local_timestamp(suite_.began) : counts.timestamp);
    }
    set_counts(root_, all);
    set(root_, "time", seconds_text(suite_.seconds));
    set(root_, "timestamp", local_timestamp(suite_.began));
  }

  const SuiteResult& suite_;
  pugi::xml_document document_{};
  pugi::xml_node root_{};
  std::map<std::string, pugi::xml_node> suites_{};
};

}  // namespace

std::string gtest_xml_text(const SuiteResult& suite) {
  std::ostringstream text;
  text << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  DocumentWriter{suite}.write().save(text, "  ", pugi::format_indent | pugi::format_no_declaration);
  return text.str();
}

std::string gtest_json_text(const SuiteResult& suite) {
  return gtest_json_of(DocumentWriter{suite}.write());
}

}  // namespace sandbox::runner
