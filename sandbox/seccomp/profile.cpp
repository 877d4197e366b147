#include "seccomp/profile.h"

#include <algorithm>

#include "policy/nearest.h"
#include "seccomp/compile.h"
#include "sys/error.h"

namespace sandbox {
namespace {

#include "seccomp/standard_filters.inc"

std::vector<std::string_view> group_names() {
  std::vector<std::string_view> names;
  for (const AllowGroup& group : allow_groups()) names.push_back(group.name);
  return names;
}

std::string name_hint(std::string_view word, const std::vector<std::string_view>& names) {
  const std::string near = nearest_name(word, names);
  if (!near.empty()) return "did you mean " + near + "?";
  std::string all = "one of";
  for (std::string_view name : names) all += " " + std::string(name);
  return all;
}

void check_names(const std::vector<std::string>& allow) {
  const auto names = group_names();
  for (const std::string& word : allow)
    if (std::find(names.begin(), names.end(), word) == names.end())
      throw Error{"--allow=" + word + ": no such group of system calls", 0, name_hint(word, names)};
}

}  // namespace

std::span<const sock_filter> standard_filter(KillWatch watch) {
  if (watch == KillWatch::on) return kKillWatchFilter;
  return kFilter;
}

std::vector<sock_filter> build_filter(const std::vector<std::string>& allow, KillWatch watch) {
  check_names(allow);
  return compile_filter(allow, watch);
}

}  // namespace sandbox
