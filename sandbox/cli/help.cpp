// --help, from the same table as the parser.
#include <array>

#include "cli/option_table.h"
#include "cli/options.h"
#include "seccomp/profile.h"

namespace sandbox {
namespace {

constexpr std::size_t kColumn = 28;
constexpr std::size_t kWidth = 80;

struct Heading {
  SettingGroup group;
  const char* text;
};
constexpr std::array<Heading, 6> kHeadings{{{SettingGroup::caps, "Caps:"},
                                            {SettingGroup::files, "Files:"},
                                            {SettingGroup::environment, "Environment:"},
                                            {SettingGroup::isolation, "Isolation:"},
                                            {SettingGroup::reporting, "Report and exit status:"},
                                            {SettingGroup::running, "Running:"}}};

constexpr const char* kUsage = "usage: sandbox-exec [OPTION]... [--] PROGRAM [ARGUMENT]...\n";

std::string left(const Option& option) {
  std::string flag = std::string("  --") + option.name;
  switch (option.argument) {
    case Argument::none:
      return flag;
    case Argument::required:
      return flag + " " + option.argument_name;
    case Argument::optional:
      return flag + "[=" + option.argument_name + "]";
  }
  return flag;
}

std::string line(const Option& option, const std::string& help) {
  std::string text = left(option);
  text += text.size() < kColumn ? std::string(kColumn - text.size(), ' ')
                                : "\n" + std::string(kColumn, ' ');
  return text + help + "\n";
}

std::string help_of(const Setting& setting) {
  const std::string initial = setting.initial;
  return setting.help + (initial.empty() ? "" : " (" + initial + ")");
}

// "  userns, io-uring, …" broken into lines.
std::string allow_lines() {
  const std::string indent(kColumn, ' ');
  std::string text;
  std::string row = indent;
  for (const AllowGroup& group : allow_groups()) {
    const std::string word = (row == indent ? "" : " ") + std::string(group.name);
    if (row.size() + word.size() > kWidth) {
      text += row + "\n";
      row = indent + std::string(group.name);
    } else {
      row += word;
    }
  }
  return text + row + "\n";
}

std::string group_lines(SettingGroup group) {
  std::string text;
  for (const Option& option : options()) {
    if (!option.setting || option.setting->group != group) continue;
    text += line(option, help_of(*option.setting));
    if (std::string_view(option.name) == "allow") text += allow_lines();
  }
  return text;
}

std::string command_lines() {
  std::string text;
  for (const Option& option : options())
    if (option.command) text += line(option, option.command->help);
  return text;
}

}  // namespace

std::string help_text() {
  std::string text = kUsage;
  text += "Runs PROGRAM in a world of its own and reports how it ended and what it cost.\n";
  text += "What holds without an option stands in (). --bind and the like may be repeated.\n";
  for (const Heading& heading : kHeadings)
    text += std::string("\n") + heading.text + "\n" + group_lines(heading.group);
  text += command_lines();
  text +=
      "\nSizes: K M G T are powers of 1024, KB MB GB TB of 1000. Times: ms s m h.\n"
      "Policy files are JSON: {\"memory\": \"256M\", \"ro_bind\": [\"data\"]}. One is read by\n"
      "itself: $SANDBOX_POLICY, or .sandbox.json beside .git. Options win over it.\n"
      "Exit status: the program's own; 124 timed out, 125 the sandbox failed,\n"
      "126 not executable, 127 not found.\n";
  return text;
}

std::string usage_text() {
  return std::string(kUsage) +
         "example: sandbox-exec --memory 256M --timeout 30 ./test_bin\n"
         "sandbox-exec --help lists the options; --doctor says what this host gives.\n";
}

}  // namespace sandbox
