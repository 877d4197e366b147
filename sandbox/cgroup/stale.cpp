// Groups whose supervisor was killed: nobody holds their lock, and their processes died with it.
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>

#include <memory>

#include "cgroup/directory.h"
#include "cgroup/group.h"

namespace sandbox {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

void remove_if_stale(int parent, const char* name) {
  const UniqueFd fd{::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!fd || ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return;
  // Its owner may have removed it meanwhile, and the name may be another run's by now.
  if (!is_alive(fd.get())) return;
  if (!has_processes(fd.get())) (void)remove_if_empty(parent, name);
}

}  // namespace

void remove_stale_groups(const GroupSite& site) {
  for (const GroupPlace& place : site.places) {
    const std::unique_ptr<DIR, CloseDirectory> entries{::opendir(place.directory.c_str())};
    if (!entries) continue;
    const int parent = ::dirfd(entries.get());
    while (const dirent* entry = ::readdir(entries.get())) {
      const std::string_view name = entry->d_name;
      if (name.substr(0, kGroupPrefix.size()) == kGroupPrefix)
        remove_if_stale(parent, entry->d_name);
    }
  }
}

}  // namespace sandbox
