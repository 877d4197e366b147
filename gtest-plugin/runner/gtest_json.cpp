#include "runner/gtest_json.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string_view>

namespace sandbox::runner {
namespace {

using OrderedJson = nlohmann::ordered_json;

// "2026-01-02T03:04:05.678", local time: "2026-01-02T03:04:05Z", as gtest writes it in JSON.
std::string utc_timestamp(const std::string& local) {
  std::tm fields{};
  if (!::strptime(local.c_str(), "%Y-%m-%dT%H:%M:%S", &fields)) return local;
  if (local.starts_with("1970-01-01T00:00:00")) return "1970-01-01T00:00:00Z";  // it never ran
  fields.tm_isdst = -1;
  const std::time_t seconds = std::mktime(&fields);
  ::gmtime_r(&seconds, &fields);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &fields)};
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

OrderedJson value_of(pugi::xml_attribute attribute) {
  constexpr std::array<std::string_view, 6> kNumbers{"tests",   "failures", "disabled",
                                                     "skipped", "errors",   "line"};
  const std::string_view name = attribute.name();
  const std::string value = attribute.value();
  if (std::ranges::count(kNumbers, name) > 0) return attribute.as_int();
  if (name == "random_seed") return attribute.as_int();
  if (name == "time") return value + "s";
  if (name == "timestamp") return utc_timestamp(value);
  if (name == "status" || name == "result") return upper(value);
  return value;
}

OrderedJson attributes_of(pugi::xml_node node) {
  OrderedJson object = OrderedJson::object();
  for (const pugi::xml_attribute attribute : node.attributes()) {
    if (std::string_view{attribute.name()} != "skipped")
      object[attribute.name()] = value_of(attribute);
  }
  return object;
}

OrderedJson test_json(pugi::xml_node test) {
  OrderedJson object = attributes_of(test);
  for (const pugi::xml_node property : test.child("properties").children("property"))
    object[property.attribute("name").value()] = property.attribute("value").value();
  for (const pugi::xml_node failure : test.children("failure")) {
    object["failures"].push_back({{"failure", failure.attribute("message").value()},
                                  {"type", failure.attribute("type").value()}});
  }
  // As newer releases of gtest do.
  for (const pugi::xml_node skipped : test.children("skipped"))
    object["skipped"].push_back({{"message", skipped.attribute("message").value()}});
  return object;
}

OrderedJson document_json(pugi::xml_node root) {
  OrderedJson object = attributes_of(root);
  object["testsuites"] = OrderedJson::array();
  for (const pugi::xml_node suite : root.children("testsuite")) {
    OrderedJson tests = attributes_of(suite);
    tests["testsuite"] = OrderedJson::array();
    for (const pugi::xml_node test : suite.children("testcase"))
      tests["testsuite"].push_back(test_json(test));
    object["testsuites"].push_back(std::move(tests));
  }
  return object;
}

}  // namespace

std::string gtest_json_of(const pugi::xml_document& document) {
  constexpr auto kReplace = OrderedJson::error_handler_t::replace;
  return document_json(document.document_element()).dump(2, ' ', false, kReplace) + "\n";
}

}  // namespace sandbox::runner
