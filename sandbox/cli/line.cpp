#include "cli/line.h"

#include <getopt.h>

#include <algorithm>

#include "cli/option_table.h"

namespace sandbox {
namespace {

// "--memory=2G" → "memory"
std::string_view name_in(std::string_view word) {
  word.remove_prefix(word.starts_with("--") ? 2 : 1);
  return word.substr(0, word.find('='));
}

[[noreturn]] void refuse_unknown(std::string_view word) {
  const std::string nearest = nearest_option(name_in(word));
  throw Error{"unknown option " + shown(word), 0,
              nearest.empty() ? "options of the program come after its name; --help lists ours"
                              : "did you mean " + nearest + "?"};
}

std::string usage_of(const Option& option) {
  return std::string("--") + option.name + " " + option.argument_name;
}

// What getopt_long refused: an unknown or shortened name, a value too many, or none.
[[noreturn]] void refuse_word(std::string_view word) {
  const Option* option = find_option(name_in(word));
  if (!option) refuse_unknown(word);
  if (word.find('=') != std::string_view::npos)
    throw Error{shown(word) + ": --" + option->name + " takes no value"};
  throw Error{shown(word) + " wants a value: " + usage_of(*option)};
}

// A value in a word of its own that looks like an option was left out.
void check_value(const Option& option, std::string_view word, std::string_view value) {
  const bool own_word = word.find('=') == std::string_view::npos;
  if (own_word && value.starts_with("--"))
    throw Error{
        shown(word) + " wants a value, and " + shown(value) + " follows: " + usage_of(option), 0,
        "a value that begins with -- is written " + std::string(word) + "=" + shown(value)};
}

void take_doctor(CommandLine& line, const char* value) {
  line.action = Request::doctor;
  if (!value) return;
  if (std::string_view(value) != "json")
    throw Error{"--doctor=" + shown(value) + ": --doctor takes only =json"};
  line.action = Request::doctor_json;
}

void take_command_flag(CommandLine& line, CommandFlag flag, const char* value) {
  switch (flag) {
    case CommandFlag::policy:
      line.policy_files.emplace_back(value);
      return;
    case CommandFlag::dry_run:
      if (line.action == Request::run) line.action = Request::dry_run;
      return;
    case CommandFlag::diagnose:
      if (line.action == Request::run) line.action = Request::diagnose;
      return;
    case CommandFlag::doctor:
      return take_doctor(line, value);
    case CommandFlag::version:
      line.action = Request::version;
      line.ended = true;
      return;
    case CommandFlag::help:
      line.action = Request::help;
      line.ended = true;
      return;
  }
}

void take_option(CommandLine& line, const Option& option, std::string_view word,
                 const char* value) {
  // getopt_long takes any unambiguous beginning of a name; what is unambiguous today is not for
  // ever.
  if (name_in(word) != option.name) refuse_unknown(word);
  if (option.argument == Argument::required) check_value(option, word, value);
  if (option.command) return take_command_flag(line, option.command->flag, value);
  const std::string prefix = std::string("--") + option.name + " ";
  line.flags.push_back({option.setting, value ? value : "true", prefix});
}

bool is_short(std::string_view word) {
  return word.size() > 1 && word[0] == '-' && word[1] != '-';
}

}  // namespace

CommandLine sort_words(int argc, char* const* argv, Problems& problems) {
  CommandLine line;
  const std::vector<::option> table = getopt_table();
  ::opterr = 0;
  ::optind = 0;  // glibc: begin anew
  int at = 1;
  try {
    while (!line.ended) {
      const std::string_view word = at < argc ? argv[at] : "";
      if (is_short(word) && word != "-h") refuse_unknown(word);
      const int found = ::getopt_long(argc, argv, "+:h", table.data(), nullptr);
      if (found == -1) break;
      at = ::optind;
      if (found == 'h') {
        take_command_flag(line, CommandFlag::help, nullptr);
      } else if (found < kFirstOption) {
        refuse_word(word);
      } else {
        take_option(line, options()[static_cast<std::size_t>(found - kFirstOption)], word,
                    ::optarg);
      }
    }
    line.dashes = ::optind > at;
    line.command.assign(argv + std::min(::optind, argc), argv + argc);
  } catch (const Error& error) {
    problems.add("", error);
    line.command.clear();
  }
  return line;
}

}  // namespace sandbox
