#include "host.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "calls.h"

namespace floor_bench {
namespace {

// As sandbox-exec chooses them: an id that nobody has, shown as the first ordinary one.
constexpr uid_t kUnusedIds = 1'900'000'000;
constexpr uid_t kShownAs = 1000;

std::string read_all(const char* path) {
  const int fd = static_cast<int>(check(::open(path, O_RDONLY | O_CLOEXEC), path));
  std::string text(std::size_t{64} * 1024, '\0');
  std::size_t size = 0;
  while (const long n = check(::read(fd, text.data() + size, text.size() - size), path)) {
    size += static_cast<std::size_t>(n);
    if (size == text.size()) text.resize(2 * size);
  }
  ::close(fd);
  text.resize(size);
  return text;
}

// The next piece of `rest` up to `separator`, which is taken off.
std::string_view next(std::string_view& rest, char separator) {
  const auto end = std::min(rest.find(separator), rest.size());
  const std::string_view piece = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return piece;
}

// proc(5): id parent device root point options [optional…] - type source options
std::vector<Mount> read_mounts() {
  const std::string text = read_all("/proc/self/mountinfo");
  std::vector<Mount> mounts;
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view line = next(rest, '\n');
    for (int i = 0; i < 3; ++i) next(line, ' ');
    Mount mount{std::string{next(line, ' ')}, std::string{next(line, ' ')}, {}, {}};
    while (!line.empty() && next(line, ' ') != "-") {
    }
    mount.type = next(line, ' ');
    next(line, ' ');
    mount.options = next(line, ' ');
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

bool has_word(const std::string& list, const std::string& word) {
  return ("," + list + ",").find("," + word + ",") != std::string::npos;
}

// The caller's own group by controller; "" is v2's.
std::string own_group(const std::string& cgroups, const std::string& controller) {
  for (std::string_view rest = cgroups; !rest.empty();) {
    std::string_view line = next(rest, '\n');
    next(line, ':');
    const std::string names{next(line, ':')};
    if (controller.empty() ? names.empty() : has_word(names, controller)) return std::string{line};
  }
  return {};
}

std::string directory_of(const Mount& mount, const std::string& group) {
  const bool beneath = mount.root != "/" && group.starts_with(mount.root);
  return mount.point + (beneath ? group.substr(mount.root.size()) : group);
}

// v1: beneath the caller's own group. v2: beside it, since a group with processes gives its
// children no controllers.
std::vector<GroupPlace> group_places(const std::vector<Mount>& mounts) {
  const std::string cgroups = read_all("/proc/self/cgroup");
  std::vector<GroupPlace> places;
  for (const char* controller : {"memory", "cpu", "cpuacct", "pids"}) {
    for (const Mount& mount : mounts) {
      if (mount.type != "cgroup" || !has_word(mount.options, controller)) continue;
      places.push_back({controller, directory_of(mount, own_group(cgroups, controller))});
      break;
    }
  }
  if (!places.empty()) return places;
  for (const Mount& mount : mounts) {
    if (mount.type != "cgroup2") continue;
    const std::string own = own_group(cgroups, "");
    const std::string above = own.substr(0, own.rfind('/'));
    places.push_back({"", directory_of(mount, above)});
    break;
  }
  return places;
}

}  // namespace

bool is_within(const std::string& path, const std::string& place) {
  return path == place || path.starts_with(place + "/");
}

bool is_fresh(const std::string& path) {
  return std::any_of(std::begin(kFreshPlaces), std::end(kFreshPlaces),
                     [&](const char* place) { return is_within(path, place); });
}

Host read_host() {
  Host host;
  host.root = ::geteuid() == 0;
  host.uid_outside = host.root ? kUnusedIds + static_cast<uid_t>(::getpid()) : ::geteuid();
  host.gid_outside = host.root ? host.uid_outside : ::getegid();
  host.uid_inside = host.root ? kShownAs : host.uid_outside;
  host.gid_inside = host.root ? kShownAs : host.gid_outside;
  char cwd[4096];
  check(::getcwd(cwd, sizeof cwd) ? 0 : -1, "getcwd");
  host.cwd = cwd;
  if (const char* home = std::getenv("HOME")) host.home = home;
  host.mounts = read_mounts();
  host.groups = group_places(host.mounts);
  return host;
}

}  // namespace floor_bench
