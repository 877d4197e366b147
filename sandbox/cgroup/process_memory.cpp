#include "cgroup/process_memory.h"

#include <string>

#include "cgroup/directory.h"
#include "cgroup/hierarchies.h"
#include "cgroup/site.h"
#include "sys/files.h"

namespace sandbox {
namespace {

std::optional<Hierarchy> memory_hierarchy(const CgroupView& view) {
  for (Hierarchy& hierarchy : v1_hierarchies(view)) {
    if (contains(hierarchy.controllers, "memory")) return std::move(hierarchy);
  }
  return v2_hierarchy(view);
}

// Its parent has not waited for it yet (proc_pid_stat(5)), or has.
bool is_dead(pid_t pid) {
  const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat").value_or("");
  const std::size_t name_end = stat.rfind(") ");
  return name_end == std::string::npos || stat[name_end + 2] == 'Z' || stat[name_end + 2] == 'X';
}

}  // namespace

std::optional<std::uint64_t> memory_of_group(pid_t pid) {
  if (is_dead(pid)) return std::nullopt;
  CgroupView view = read_cgroup_view();
  view.self_cgroup = read_file("/proc/" + std::to_string(pid) + "/cgroup").value_or("");
  const auto theirs = memory_hierarchy(view);
  const bool in_a_runs = theirs && base_name(theirs->group).starts_with(kGroupPrefix);
  if (!in_a_runs || !theirs->mounted()) return std::nullopt;
  const auto directory = theirs->directory_of(theirs->group);
  if (!directory) return std::nullopt;
  const char* const file =
      theirs->controllers.empty() ? "/memory.current" : "/memory.usage_in_bytes";
  return leading_number(read_file(*directory + file).value_or(""));
}

}  // namespace sandbox
