#include "policy/env_file.h"

#include <string_view>

#include "policy/words.h"
#include "sys/files.h"

namespace sandbox {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string_view trimmed_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  const std::size_t start = line.find_first_not_of(" \t");
  return start == std::string_view::npos ? std::string_view{} : line.substr(start);
}

// Returns what is wrong with the line; "" when nothing is.
std::string add_line(std::string_view line, const World& world, Variables& variables) {
  const std::size_t equals = line.find('=');
  const std::string name(line.substr(0, equals));
  std::string problem = name_problem(name);
  if (!problem.empty()) return problem;
  if (!problem.empty()) return problem;
  if (equals != std::string_view::npos) {
    variables.emplace_back(name, line.substr(equals + 1));
  } else if (const auto value = world.variable(name)) {
    variables.emplace_back(name, *value);
  }
  return {};
}

}  // namespace

std::string name_problem(const std::string& name) {
  if (name.empty()) return "the name of the variable is empty";
  if (name.find('=') != std::string::npos) return "a name has no '=' in it";
  if (name.find_first_of(" \t\n") != std::string::npos) return "a name has no blank in it";
  return {};
}

Variables read_env_file(const std::string& word, const std::string& path, const World& world) {
  const FileText file = world.read(path);
  if (file.error != 0) throw Error{shown(word) + ": cannot read it", file.error};
  if (file.text.find('\0') != std::string::npos) refuse(word, "not text: it has a zero byte in it");
  std::string_view text = file.text;
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  Variables variables;
  Problems problems;
  std::size_t number = 0;
  for (const std::string_view whole : split(text, '\n')) {
    ++number;
    const std::string_view line = trimmed_line(whole);
    if (line.empty() || line.front() == '#') continue;
    const std::string problem = add_line(line, world, variables);
    const std::string place = shown(word) + ":" + std::to_string(number) + ": ";
    if (!problem.empty()) problems.add(place + problem, "lines are written NAME=VALUE");
  }
  if (!problems.empty()) throw problems.error();
  return variables;
}

}  // namespace sandbox
