#include "trees.h"

#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "calls.h"

namespace floor_bench {
namespace {

// A user namespace exists as long as a process or a descriptor holds it: a helper until it is open.
int make_id_map(uid_t uid, gid_t gid) {
  clone_args args{};
  args.flags = CLONE_NEWUSER;
  args.exit_signal = SIGCHLD;
  const auto pid =
      static_cast<pid_t>(check(::syscall(SYS_clone3, &args, sizeof args), "clone a helper"));
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    for (;;) ::pause();
  }
  const std::string proc = "/proc/" + std::to_string(pid) + "/";
  write_file(AT_FDCWD, (proc + "uid_map").c_str(), ("0 " + std::to_string(uid) + " 1\n").c_str());
  write_file(AT_FDCWD, (proc + "gid_map").c_str(), ("0 " + std::to_string(gid) + " 1\n").c_str());
  const int fd = ::open((proc + "ns/user").c_str(), O_RDONLY | O_CLOEXEC);
  check(fd, "open the helper's user namespace");
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  return fd;
}

int detach(const std::string& path, std::uint64_t attributes, int id_map) {
  const int tree = open_tree(AT_FDCWD, path.c_str(), 0);
  long result = set_attributes(tree, attributes, 0, id_map);
  // A file system that takes no id map stays as it is; the root must take it.
  if (result < 0 && errno == EINVAL && path != "/")
    result = set_attributes(tree, attributes, 0, -1);
  check(result, path.c_str());
  return tree;
}

bool is_replaced(const Mount& mount) {
  for (const char* place : {"/proc", "/dev", "/sys"}) {
    if (is_within(mount.point, place)) return true;
  }
  return mount.point == "/" || is_fresh(mount.point) || mount.type == "autofs";
}

int clone_with(const char* path, std::uint64_t attributes) {
  const int tree = open_tree(AT_FDCWD, path, AT_RECURSIVE);
  check(set_attributes(tree, attributes, AT_RECURSIVE, -1), path);
  return tree;
}

}  // namespace

Trees detach_trees(const Host& host) {
  const int id_map = make_id_map(host.uid_outside, host.gid_outside);
  Trees trees;
  trees.root = detach("/", kReadOnly, id_map);
  for (const Mount& mount : host.mounts) {
    if (is_replaced(mount)) continue;
    trees.below.push_back({mount.point, detach(mount.point, kReadOnly, id_map)});
  }
  // devtmpfs takes no id map, and needs none: its files are everyone's.
  for (const char* device : kDevices) {
    trees.devices.push_back({device, detach(device, MOUNT_ATTR_NOSUID, -1)});
  }
  if (is_fresh(host.cwd)) trees.project = detach(host.cwd, kReadOnly, id_map);
  ::close(id_map);
  return trees;
}

Trees clone_trees(const Host& host) {
  Trees trees;
  trees.root = clone_with("/", kReadOnly);
  for (const char* device : kDevices) {
    trees.devices.push_back({device, clone_with(device, MOUNT_ATTR_NOSUID)});
  }
  if (is_fresh(host.cwd)) trees.project = clone_with(host.cwd.c_str(), kReadOnly);
  return trees;
}

}  // namespace floor_bench
