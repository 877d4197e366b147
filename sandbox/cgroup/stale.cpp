// Groups whose supervisor was killed: nobody holds their lock, and their processes died with it.
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <set>
#include <string>

#include "cgroup/directory.h"
#include "cgroup/group.h"

namespace sandbox {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

// The lock on a stale group, or none where it is in use or gone. One that still holds dying
// processes is found too: rmdir refuses it, and a later run removes it.
UniqueFd lock_if_stale(int parent, const char* name) {
  UniqueFd fd{::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!fd || ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return UniqueFd{};
  // Its owner may have removed it meanwhile, and the name may be another run's by now.
  return is_alive(fd.get()) ? std::move(fd) : UniqueFd{};
}

// Calls `visit` with the directory and the name of each stale group, whose lock is held meanwhile.
template <typename Visit>
void for_each_stale(const std::string& directory, Visit visit) {
  const std::unique_ptr<DIR, CloseDirectory> entries{::opendir(directory.c_str())};
  if (!entries) return;
  const int parent = ::dirfd(entries.get());
  while (const dirent* entry = ::readdir(entries.get())) {
    if (std::string_view{entry->d_name}.substr(0, kGroupPrefix.size()) != kGroupPrefix) continue;
    const UniqueFd lock = lock_if_stale(parent, entry->d_name);
    if (lock) visit(parent, entry->d_name);
  }
}

}  // namespace

// The first place's directory is the first to be made and the last to be removed: where it is not,
// the other hierarchies need no look.
void remove_stale_groups(const GroupSite& site) {
  if (site.places.empty()) return;
  const std::string& first = site.places.front().directory;
  bool any = false;
  for_each_stale(first, [&](int, const char*) { any = true; });
  if (!any) return;
  std::set<std::string> busy;
  std::for_each(site.places.rbegin(), std::prev(site.places.rend()), [&](const GroupPlace& place) {
    for_each_stale(place.directory, [&](int parent, const char* name) {
      if (remove_if_empty(parent, name) != 0) busy.insert(name);
    });
  });
  for_each_stale(first, [&](int parent, const char* name) {
    if (busy.count(name) == 0) (void)remove_if_empty(parent, name);
  });
}

}  // namespace sandbox
