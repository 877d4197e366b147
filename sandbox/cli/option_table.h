// Every flag of the command line: the table of settings, and the few that are no settings.
#pragma once

#include <getopt.h>

#include <span>
#include <string_view>
#include <vector>

#include "policy/settings.h"

namespace sandbox {

enum class Argument { none, required, optional };

enum class CommandFlag { policy, dry_run, diagnose, doctor, version, help };

struct CommandOption {
  CommandFlag flag;
  const char* name;
  Argument argument;
  const char* argument_name;
  const char* help;
};

std::span<const CommandOption> command_options();

// One row of either table.
struct Option {
  const char* name = nullptr;
  Argument argument = Argument::none;
  const char* argument_name = "";
  const Setting* setting = nullptr;        // or
  const CommandOption* command = nullptr;  // this
};

// Settings first; the index of an Option is getopt's `val` less kFirstOption.
const std::vector<Option>& options();
inline constexpr int kFirstOption = 256;

// For getopt_long(3), with its closing row of zeros.
std::vector<::option> getopt_table();

const Option* find_option(std::string_view name);
std::string nearest_option(std::string_view name);

}  // namespace sandbox
