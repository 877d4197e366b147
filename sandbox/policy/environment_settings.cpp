// --env to --env-file. Of two words for one variable the later wins.
#include <algorithm>
#include <array>

#include "policy/choices.h"
#include "policy/env_file.h"
#include "policy/paths.h"
#include "policy/setting_groups.h"
#include "policy/words.h"

namespace sandbox {
namespace {

using enum ValueKind;
using enum Repeat;

constexpr SettingGroup kGroup = SettingGroup::environment;

void forget_variable(Environment& environment, const std::string& name) {
  std::erase(environment.unset, name);
  std::erase_if(environment.set, [&](const auto& variable) { return variable.first == name; });
}

void set_variable(Environment& environment, const std::string& name, const std::string& value) {
  forget_variable(environment, name);
  environment.set.emplace_back(name, value);
}

std::string checked_name(const std::string& value) {
  const std::string problem = name_problem(value);
  if (!problem.empty()) refuse(value, problem);
  if (value.find(',') != std::string::npos)
    refuse(value, "one name at a time", "repeat the option");
  return value;
}

void set_env(Policy& policy, const std::string& value, const Place&) {
  policy.environment.mode = choose(value, kEnvironmentModes);
}

void add_keep_env(Policy& policy, const std::string& value, const Place&) {
  std::erase(policy.environment.unset, checked_name(value));
  add_once(policy.environment.keep, value);
}

void add_setenv(Policy& policy, const std::string& value, const Place&) {
  const std::size_t equals = value.find('=');
  if (equals == std::string::npos)
    refuse(value, "no '=' in it", "it is written NAME=VALUE; --keep-env hands on a value of yours");
  const std::string name = value.substr(0, equals);
  const std::string problem = name_problem(name);
  if (!problem.empty()) refuse(name, problem, "it is written NAME=VALUE");
  set_variable(policy.environment, name, value.substr(equals + 1));
}

void add_unsetenv(Policy& policy, const std::string& value, const Place&) {
  forget_variable(policy.environment, checked_name(value));
  std::erase(policy.environment.keep, value);
  policy.environment.unset.push_back(value);
}

void add_env_file(Policy& policy, const std::string& value, const Place& place) {
  const std::string path = host_path(value, place.base, place.world);
  for (const auto& [name, text] : read_env_file(value, path, place.world))
    set_variable(policy.environment, name, text);
}

constexpr std::array kSettings{
    Setting{"env", word, last_wins, kGroup, "inherit|clean", "all but secrets, or the bare minimum",
            "inherit", set_env},
    Setting{"keep-env", word, list, kGroup, "NAME", "hand NAME on, secret or not", "",
            add_keep_env},
    Setting{"setenv", word, list, kGroup, "NAME=VALUE", "set a variable", "", add_setenv},
    Setting{"unsetenv", word, list, kGroup, "NAME", "do not hand NAME on", "", add_unsetenv},
    Setting{"env-file", word, list, kGroup, "FILE", "NAME=VALUE lines; NAME alone: your value", "",
            add_env_file},
};

}  // namespace

std::span<const Setting> environment_settings() {
  return kSettings;
}

}  // namespace sandbox
