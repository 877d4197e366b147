#include "cli/option_table.h"

#include <array>

#include "policy/nearest.h"

namespace sandbox {
namespace {

constexpr std::array<CommandOption, 6> kCommandOptions{{
    {CommandFlag::policy, "policy", Argument::required, "FILE", "read settings from a JSON file"},
    {CommandFlag::dry_run, "dry-run", Argument::none, "", "print the plan, run nothing"},
    {CommandFlag::diagnose, "diagnose", Argument::none, "",
     "run it outside too, and find the walls it runs into"},
    {CommandFlag::doctor, "doctor", Argument::optional, "json",
     "say what this host gives, and what to mend"},
    {CommandFlag::version, "version", Argument::none, "", "print the version"},
    {CommandFlag::help, "help", Argument::none, "", "print this"},
}};

std::vector<Option> joined_tables() {
  std::vector<Option> all;
  for (const Setting& setting : settings()) {
    const auto argument = setting.kind == ValueKind::flag ? Argument::none : Argument::required;
    all.push_back({setting.name, argument, setting.argument, &setting, nullptr});
  }
  for (const CommandOption& option : kCommandOptions)
    all.push_back({option.name, option.argument, option.argument_name, nullptr, &option});
  return all;
}

int getopt_argument(Argument argument) {
  switch (argument) {
    case Argument::none:
      return no_argument;
    case Argument::required:
      return required_argument;
    case Argument::optional:
      return optional_argument;
  }
  return no_argument;
}

}  // namespace

std::span<const CommandOption> command_options() {
  return kCommandOptions;
}

const std::vector<Option>& options() {
  static const std::vector<Option> all = joined_tables();
  return all;
}

std::vector<::option> getopt_table() {
  std::vector<::option> table;
  int value = kFirstOption;
  for (const Option& option : options())
    table.push_back({option.name, getopt_argument(option.argument), nullptr, value++});
  table.push_back({});
  return table;
}

const Option* find_option(std::string_view name) {
  for (const Option& option : options())
    if (option.name == name) return &option;
  return nullptr;
}

std::string nearest_option(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Option& option : options()) names.emplace_back(option.name);
  const std::string nearest = nearest_name(name, names);
  return nearest.empty() ? "" : "--" + nearest;
}

}  // namespace sandbox
