// The one table of everything that can be set: it drives the command line's flags, their --help,
// and the keys of policy files.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/policy.h"
#include "policy/world.h"

namespace sandbox {

enum class ValueKind {
  flag,      // no value; true or false in a policy file
  word,      // text
  number,    // a whole number; a number in a policy file
  quantity,  // text with a unit, or a number
};

enum class Repeat { last_wins, list };

enum class SettingGroup { caps, files, environment, isolation, reporting, running };

// Where a value comes from.
struct Place {
  const World& world;
  std::string base{};    // what relative paths are relative to
  std::string prefix{};  // "--bind ", "policy.json:3: /bind/0: "; for messages
};

struct Setting {
  const char* name;  // of the flag; a policy file writes '_' for '-'
  ValueKind kind;
  Repeat repeat;
  SettingGroup group;
  const char* argument;  // as in --help: "SIZE"; empty for a flag
  const char* help;
  const char* initial;  // what holds without it, as in --help; empty: nothing to say
  // A flag gets "true" or "false". Throws Error "<value>: <problem>".
  void (*apply)(Policy& policy, const std::string& value, const Place& place);
};

std::span<const Setting> settings();

const Setting* find_setting(std::string_view name);

// "ro-bind" as a policy file writes it: "ro_bind".
std::string key_of(const Setting& setting);

// One value for one setting, in the order written.
struct Assignment {
  const Setting* setting = nullptr;
  std::string value{};
  std::string prefix{};  // as Place::prefix
};

class Problems;

// Applies a whole layer (a file, or all the flags): --env-file first, so that --setenv beside it
// wins.
void apply_all(Policy& policy, const std::vector<Assignment>& layer, const World& world,
               const std::string& base, Problems& problems);

}  // namespace sandbox
