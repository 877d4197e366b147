// Groups whose supervisor was killed: nobody holds their lock, and their processes died with it.
#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <string>

#include "cgroup/directory.h"
#include "cgroup/group.h"
#include "sys/files.h"

namespace sandbox {
namespace {

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
  const UniqueFd parent{::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!parent) return;
  for (const std::string& name : subfolders(parent.get(), ".")) {
    if (!name.starts_with(kGroupPrefix)) continue;
    const UniqueFd lock = lock_if_stale(parent.get(), name.c_str());
    if (lock) visit(parent.get(), name.c_str());
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
