#include "cli/options.h"

#include <algorithm>

#include "cli/line.h"
#include "cli/own_policy.h"
#include "policy/paths.h"
#include "policy/policy_file.h"
#include "policy/words.h"
#include "seccomp/profile.h"
#include "sys/files.h"

namespace sandbox {
namespace {

void read_own_policy(Policy& policy, const World& world, Problems& problems) {
  try {
    const std::string file = own_policy_file(world);
    if (!file.empty()) apply_policy_file(policy, file, file, world, problems);
  } catch (const Error& error) {
    problems.add("", error);
  }
}

void read_policy_file(Policy& policy, const std::string& word, const World& world,
                      Problems& problems) {
  try {
    const std::string path = host_path(word, world.cwd(), world);
    apply_policy_file(policy, path, word, world, problems);
  } catch (const Error& error) {
    problems.add("--policy ", error);
  }
}

bool is_bind(const Setting& setting) {
  const std::string_view name = setting.name;
  return name == "bind" || name == "ro-bind" || name == "ro-bind-try";
}

// As execvp(3) would look for it.
bool is_in_path(const std::string& word, const World& world) {
  const std::string path = world.variable("PATH").value_or("");
  return std::ranges::any_of(split(path, ':'), [&](std::string_view folder) {
    return world.look(std::string{folder} + "/" + word).kind == FileKind::file;
  });
}

// A bare name is taken for a mistyped program unless a program seems to follow it.
bool looks_like_a_destination(const std::vector<std::string>& command, const World& world) {
  const std::string& word = command.front();
  if (word.find('/') != std::string::npos) return world.look(word).kind == FileKind::directory;
  const bool program_follows =
      command.size() > 1 && (command[1] == "--" || !command[1].starts_with('-'));
  return program_follows && !is_in_path(word, world);
}

// "--bind out /tmp/out ./t": the second word would be taken for the program.
void check_bind_in_two_words(const CommandLine& line, const World& world, Problems& problems) {
  if (line.flags.empty() || line.command.empty() || line.dashes) return;
  const Assignment& last = line.flags.back();
  const std::string& word = line.command.front();
  if (!is_bind(*last.setting) || last.value.find(':') != std::string::npos) return;
  if (!looks_like_a_destination(line.command, world)) return;
  problems.add(last.prefix + shown(last.value) + " " + shown(word) + ": the program would be " +
                   shown(word) + ", which is none",
               "SRC and DST are one word: " + last.prefix + last.value + ":" + word);
}

bool needs_policy(const CommandLine& line) {
  return line.action == Request::run || line.action == Request::dry_run ||
         line.action == Request::diagnose;
}

void check_doctor(const CommandLine& line, Problems& problems) {
  if (needs_policy(line) || line.command.empty()) return;
  problems.add("--doctor looks at the host and runs nothing, but " + shown(line.command.front()) +
                   " follows",
               line.command.front() == "json" ? "write --doctor=json" : "");
}

}  // namespace

std::vector<std::string_view> CommandWorld::allow_names() const {
  std::vector<std::string_view> names;
  for (const AllowGroup& group : allow_groups()) names.push_back(group.name);
  return names;
}

Invocation parse_options(int argc, char* const* argv, const World& world) {
  Problems problems;
  const CommandLine line = sort_words(argc, argv, problems);
  Invocation invocation{.action = line.action};
  if (line.ended) return invocation;
  check_doctor(line, problems);
  const bool runs = needs_policy(line) && !line.command.empty();
  if (runs) read_own_policy(invocation.policy, world, problems);
  for (const std::string& word : line.policy_files)
    read_policy_file(invocation.policy, word, world, problems);
  apply_all(invocation.policy, line.flags, world, world.cwd(), problems);
  check_bind_in_two_words(line, world, problems);
  invocation.policy.command = line.command;
  invocation.option_words.assign(argv + std::min(argc, 1), argv + argc - line.command.size());
  if (!problems.empty()) throw BadOptions{problems.error(), invocation};
  if (needs_policy(line) && line.command.empty()) invocation.action = Request::nothing;
  return invocation;
}

}  // namespace sandbox
