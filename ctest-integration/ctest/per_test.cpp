#include "ctest/per_test.h"

#include <fnmatch.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "policy/policy_file.h"
#include "policy/settings.h"
#include "policy/units.h"
#include "policy/words.h"
#include "sys/error.h"

namespace sandbox::ctest {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::string_view kOfLabels = "label:";

std::string folder_of(const std::string& path) {
  return path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
}

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

void add_option(Rule& rule, const Setting& setting, const Json& value, const std::string& base) {
  if (value.is_array()) {
    for (const Json& each : value) add_option(rule, setting, each, base);
    return;
  }
  const std::string name = setting.name;
  if (name == "timeout") {
    rule.timeout = parse_duration(text_of(value));
    return;
  }
  if (name == "isolation") rule.has_isolation = true;
  if (value.is_boolean()) {
    if (value.get<bool>()) rule.words.push_back("--" + name);
    return;
  }
  const auto words = sandbox_words(name, text_of(value), base);
  rule.words.insert(rule.words.end(), words.begin(), words.end());
}

void refuse_others(const Json& options, const std::string& place, Problems& problems) {
  if (!options.is_object()) return;
  for (const auto& [name, value] : options.items()) {
    std::string flag = name;
    std::ranges::replace(flag, '_', '-');
    if (is_of_one_sandbox(flag) || flag == "report" || flag == "report-dir")
      problems.add(place + ": " + name + " is not for some of the tests");
  }
}

Rule read_rule(const std::string& key, const Json& options, const std::string& base) {
  Rule rule;
  rule.is_of_labels = key.starts_with(kOfLabels);
  rule.pattern = rule.is_of_labels ? key.substr(kOfLabels.size()) : key;
  for (const auto& [name, value] : options.items()) {
    std::string flag = name;
    std::ranges::replace(flag, '_', '-');
    if (const Setting* setting = find_setting(flag)) add_option(rule, *setting, value, base);
  }
  return rule;
}

}  // namespace

bool Rule::fits(const ListedTest& test) const {
  const auto matches = [&](const std::string& word) {
    return ::fnmatch(pattern.c_str(), word.c_str(), 0) == 0;
  };
  return is_of_labels ? std::ranges::any_of(test.labels, matches) : matches(test.name);
}

std::vector<Rule> read_rules(const std::string& path, const World& world) {
  const FileText file = world.read(path);
  if (file.error) throw Error{"cannot read --per-test " + path, file.error};
  std::set<std::string> keys;
  std::string twice;
  const auto look = [&](int depth, Json::parse_event_t event, const Json& value) {
    const bool is_pattern = depth == 1 && event == Json::parse_event_t::key;
    if (is_pattern && !keys.insert(value.get<std::string>()).second)
      twice = value.get<std::string>();
    return true;
  };
  const Json json = Json::parse(file.text, look, false);
  if (!json.is_object())
    throw Error{path + " is no JSON object of patterns", 0,
                R"(it looks like {"Net.*": {"network": "host"}, "label:slow": {"timeout": 600}})"};
  Problems problems;
  if (!twice.empty()) problems.add(path + ": " + shown(twice) + " is there twice");
  const std::string base = folder_of(path);
  for (const auto& [key, options] : json.items()) {
    Policy ignored;
    apply_policy_text(ignored, {options.dump(), path + ": " + key, base}, world, problems);
    refuse_others(options, path + ": " + key, problems);
  }
  if (!problems.empty()) throw problems.error();
  std::vector<Rule> rules;
  for (const auto& [key, options] : json.items()) rules.push_back(read_rule(key, options, base));
  return rules;
}

void check_rules(const std::vector<Rule>& rules, const std::vector<ListedTest>& tests) {
  for (const Rule& rule : rules) {
    if (std::ranges::any_of(tests, [&](const ListedTest& test) { return rule.fits(test); }))
      continue;
    throw Error{"--per-test: " + shown(rule.pattern) + " is no test's " +
                (rule.is_of_labels ? "label" : "name")};
  }
}

}  // namespace sandbox::ctest
