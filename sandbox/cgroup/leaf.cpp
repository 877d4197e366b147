#include "cgroup/leaf.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

#include "cgroup/hierarchies.h"
#include "cgroup/site.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sandbox {
namespace {

// Processes fork while they are moved; each pass catches the children born before it.
constexpr int kPasses = 50;

[[noreturn]] void fail(const std::string& attempt, int error, const std::string& hint = {}) {
  throw Error{attempt, error, hint};
}

UniqueFd open_directory(const std::string& path) {
  UniqueFd fd{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!fd) fail("cannot open group " + path, errno);
  return fd;
}

// A process of a foreign pid namespace reads as 0, and writing 0 would move ourselves.
void move_one(int leaf, std::string_view pid, const std::string& from) {
  if (pid == "0") {
    fail("cannot move the processes of " + from + " to " + kLeaf +
             ": one belongs to another pid namespace",
         0, "start sandbox-exec in a group of its own");
  }
  const int error = write_file_at(leaf, "cgroup.procs", pid);
  if (error != 0 && error != ESRCH) {
    fail("cannot move process " + std::string{pid} + " of " + from + " to " + kLeaf, error);
  }
}

// Returns how many there were.
size_t move_all(int group, int leaf, const std::string& path) {
  const auto listed = read_file_at(group, "cgroup.procs");
  if (!listed) fail("cannot read " + path + "/cgroup.procs", errno);
  const auto pids = split(*listed, '\n');
  for (std::string_view pid : pids) move_one(leaf, pid, path);
  return pids.size();
}

void empty_and_enable(int group, int leaf, const GroupSite& site) {
  const std::string& path = site.places.front().directory;
  int error = EBUSY;
  for (int pass = 0; pass < kPasses && error == EBUSY; ++pass) {
    while (move_all(group, leaf, path) > 0 && pass < kPasses) ++pass;
    error = enable_controllers(group, site.to_enable);
  }
  if (error != 0) fail("cannot enable controllers in " + path + "/cgroup.subtree_control", error);
}

}  // namespace

int enable_controllers(int directory, const std::vector<std::string>& controllers) {
  std::string words;
  for (const std::string& name : controllers) words += "+" + name + " ";
  return words.empty() ? 0 : write_file_at(directory, "cgroup.subtree_control", words);
}

GroupSite prepare_site(GroupSite site) {
  if (!site.move_to_leaf) return site;
  GroupPlace& place = site.places.front();
  const UniqueFd group = open_directory(place.directory);
  const std::string leaf_path = place.directory + "/" + kLeaf;
  if (::mkdirat(group.get(), kLeaf, 0755) != 0 && errno != EEXIST) {
    fail("cannot create group " + leaf_path, errno);
  }
  const UniqueFd leaf = open_directory(leaf_path);
  // Two that start at once would otherwise find each other's half-moved state. Not the group's own
  // lock: a run's supervisor holds that as long as the run lasts, and this may be a run inside it.
  if (::flock(leaf.get(), LOCK_EX) != 0) fail("cannot lock group " + leaf_path, errno);
  empty_and_enable(group.get(), leaf.get(), site);
  place.path = join_group(place.group, kLeaf);
  site.move_to_leaf = false;
  site.to_enable.clear();
  return site;
}

}  // namespace sandbox
