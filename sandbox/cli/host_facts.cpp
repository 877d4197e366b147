#include "cli/host_facts.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include "cgroup/hierarchies.h"
#include "rootfs/id_map.h"
#include "rootfs/mounts.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sandbox {
namespace {

std::string trimmed(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

std::optional<long> number_in(const std::string& file) {
  const auto text = read_file(file);
  if (!text) return std::nullopt;
  long value = 0;
  const auto parsed = std::from_chars(text->data(), text->data() + text->size(), value);
  return parsed.ec == std::errc{} ? std::optional{value} : std::nullopt;
}

// The words after "key:" in /proc/self/status.
std::string status_field(std::string_view key) {
  const std::string text = read_file("/proc/self/status").value_or("");
  for (std::string_view line : split(text, '\n')) {
    if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != ':') continue;
    line.remove_prefix(key.size() + 1);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    return std::string{line};
  }
  return "";
}

bool is_privileged() {
  const std::string text = status_field("CapEff");
  std::uint64_t effective = 0;
  std::from_chars(text.data(), text.data() + text.size(), effective, 16);
  return effective & (1ull << CAP_SYS_ADMIN);
}

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}
bool has_variable(const char* name) {
  return std::getenv(name) != nullptr;
}

std::vector<Where> find_where() {
  std::vector<Where> where;
  if (has_variable("GITHUB_ACTIONS")) where.push_back(Where::github_actions);
  if (has_variable("GITLAB_CI")) where.push_back(Where::gitlab);
  if (exists("/.dockerenv")) where.push_back(Where::docker);
  if (exists("/run/.containerenv")) where.push_back(Where::podman);
  if (where.empty()) where.push_back(Where::laptop);
  return where;
}

// binfmt_misc is the one that hosts have too, and the kernel does not mind it.
std::vector<std::string> mounts_below(const std::vector<MountPoint>& mounts,
                                      const std::string& place) {
  std::vector<std::string> hidden;
  for (const MountPoint& mount : mounts) {
    if (mount.point == place || !is_within(mount.point, place)) continue;
    if (mount.type == "binfmt_misc" || mount.type == "autofs") continue;
    hidden.push_back(mount.point);
  }
  return hidden;
}

// sysfs has empty folders made for these to be mounted on: they hide nothing of it.
std::vector<std::string> mounts_over_sys(const std::vector<MountPoint>& mounts) {
  auto hidden = mounts_below(mounts, "/sys");
  std::erase_if(hidden, [](const std::string& point) {
    const std::array made_for{"/sys/fs", "/sys/kernel", "/sys/firmware/efi/efivars"};
    return std::ranges::any_of(made_for, [&](const char* one) { return is_within(point, one); });
  });
  return hidden;
}

void read_user_namespace_limits(HostFacts& facts) {
  facts.userns_built_in = exists("/proc/self/ns/user");
  facts.max_user_namespaces = number_in("/proc/sys/user/max_user_namespaces");
  facts.unprivileged_userns = number_in("/proc/sys/kernel/unprivileged_userns_clone");
  facts.apparmor_restricts = number_in("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
  facts.apparmor_profile = trimmed(read_file("/proc/self/attr/apparmor/current").value_or(""));
  facts.seccomp_mode = std::atoi(status_field("Seccomp").c_str());
}

void read_mounts(HostFacts& facts, const std::vector<MountPoint>& visible) {
  facts.chrooted =
      std::ranges::none_of(visible, [](const MountPoint& mount) { return mount.point == "/"; });
  facts.hidden_in_proc = mounts_below(visible, "/proc");
  facts.hidden_in_sys = mounts_over_sys(visible);
}

// The file of a group that limits its swap; a root group has none, so its children are asked.
bool has_swap_limit(const GroupPlace& place, const char* file) {
  if (exists(place.directory + "/" + file)) return true;
  return std::ranges::any_of(
      subfolders(AT_FDCWD, place.directory.c_str()),
      [&](const std::string& child) { return exists(place.directory + "/" + child + "/" + file); });
}

void read_groups(HostFacts& facts) {
  const CgroupView view = read_cgroup_view();
  facts.site = find_site(view);
  facts.v1 = !v1_hierarchies(view).empty();
  const auto meminfo = read_file("/proc/meminfo").value_or("");
  facts.swap_bytes = keyed_number(meminfo, "SwapTotal:").value_or(0) * 1024;
  const char* file = facts.v1 ? "memory.memsw.limit_in_bytes" : "memory.swap.max";
  for (const GroupPlace& place : facts.site.places)
    if (contains(place.controllers, "memory")) facts.swap_capped = has_swap_limit(place, file);
}

std::vector<std::string> interesting_places() {
  std::vector<std::string> places;
  const char* home = std::getenv("HOME");
  for (const std::string& name :
       {std::string{"."}, std::string{"/"}, std::string{home ? home : "/"}, std::string{"/tmp"}}) {
    const auto real = real_path(name);
    if (real && std::ranges::find(places, *real) == places.end()) places.push_back(*real);
  }
  return places;
}

// Any map will do to ask; 1 is never the host's root. Empty: no user namespace to map with.
UniqueFd trial_map() try { return make_id_map(1, 1); } catch (const Error&) {
  return UniqueFd{};
}

void try_id_maps(HostFacts& facts, const std::vector<MountPoint>& visible) {
  if (!facts.privileged) return;
  const UniqueFd map = trial_map();
  for (const std::string& place : interesting_places()) {
    const MountPoint* mount = mount_of(visible, place);
    facts.id_maps.push_back(
        {place, mount ? mount->type : "unknown", map && takes_id_map(place, map.get())});
  }
}

}  // namespace

HostFacts examine_host() {
  HostFacts facts;
  utsname name{};
  if (::uname(&name) == 0) facts.kernel = name.release;
  facts.uid = ::geteuid();
  facts.privileged = is_privileged();
  facts.where = find_where();
  const auto visible =
      visible_mounts(parse_mountinfo(read_file("/proc/self/mountinfo").value_or("")));
  read_user_namespace_limits(facts);
  read_mounts(facts, visible);
  read_groups(facts);
  facts.namespaces = try_namespaces();
  try_id_maps(facts, visible);
  facts.filter_error = try_filter(Listener::without);
  facts.listener_error = try_filter(Listener::with);
  facts.ptrace_error = try_ptrace();
  facts.ptrace_scope = number_in("/proc/sys/kernel/yama/ptrace_scope");
  return facts;
}

}  // namespace sandbox
