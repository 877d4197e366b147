#include "root.h"

#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <string>

#include "calls.h"

namespace floor_bench {
namespace {

// The working directory is the new root, so that "tmp" is its /tmp.
const char* relative(const std::string& path) {
  return path.c_str() + 1;
}

// "/dev/shm" → "dev-shm", its folder in the one tmpfs.
std::string staged(const std::string& place) {
  std::string name = place.substr(1);
  std::replace(name.begin(), name.end(), '/', '-');
  return name;
}

class NewMount {
 public:
  explicit NewMount(const char* type)
      : fs_(static_cast<int>(check(::syscall(SYS_fsopen, type, FSOPEN_CLOEXEC), type))) {}

  NewMount& with(const char* key, const std::string& value) {
    check(::syscall(SYS_fsconfig, fs_, FSCONFIG_SET_STRING, key, value.c_str(), 0), key);
    return *this;
  }
  NewMount& with(const char* flag) {
    check(::syscall(SYS_fsconfig, fs_, FSCONFIG_SET_FLAG, flag, nullptr, 0), flag);
    return *this;
  }
  // The mounted tree's descriptor.
  int at(const char* path, std::uint64_t attributes) {
    check(::syscall(SYS_fsconfig, fs_, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0), path);
    const int tree =
        static_cast<int>(check(::syscall(SYS_fsmount, fs_, FSMOUNT_CLOEXEC, attributes), path));
    check(move_mount(tree, path), path);
    return tree;
  }

 private:
  int fs_;  // closed with the process: nothing waits for it
};

mode_t mode_of(const std::string& place) {
  const bool shared = place == "/tmp" || place == "/var/tmp" || place == "/dev/shm";
  return shared ? 01777 : place == "/root" ? 0700 : 0755;
}

void stage_dev(int tmpfs) {
  check(::mkdirat(tmpfs, "dev", 0755), "dev");
  check(::mkdirat(tmpfs, "dev/pts", 0755), "dev/pts");
  check(::mkdirat(tmpfs, "dev/shm", 0755), "dev/shm");
  for (const char* device : kDevices) {
    check(::mknodat(tmpfs, device + 1, S_IFREG | 0666, 0), device);
  }
  check(::symlinkat("pts/ptmx", tmpfs, "dev/ptmx"), "dev/ptmx");
  check(::symlinkat("/proc/self/fd", tmpfs, "dev/fd"), "dev/fd");
  check(::symlinkat("/proc/self/fd/0", tmpfs, "dev/stdin"), "dev/stdin");
  check(::symlinkat("/proc/self/fd/1", tmpfs, "dev/stdout"), "dev/stdout");
  check(::symlinkat("/proc/self/fd/2", tmpfs, "dev/stderr"), "dev/stderr");
}

int stage_fresh_places(std::uint64_t bytes) {
  const int tmpfs = NewMount{"tmpfs"}
                        .with("size", std::to_string(bytes))
                        .with("nr_inodes", "200000")
                        .with("mode", "755")
                        .at("tmp", kNoSuidDev);
  for (const char* place : kFreshPlaces) {
    check(::mkdirat(tmpfs, staged(place).c_str(), mode_of(place)), place);
  }
  stage_dev(tmpfs);
  return tmpfs;
}

void show_groups(const Host& host, int tmpfs) {
  constexpr std::uint64_t flags = kReadOnly | MOUNT_ATTR_NOEXEC;
  if (host.groups.empty()) return;
  if (host.groups.front().controller.empty()) {
    NewMount{"cgroup2"}.at("sys/fs/cgroup", flags);
    return;
  }
  check(::mkdirat(tmpfs, "cgroup", 0755), "cgroup");
  for (const GroupPlace& place : host.groups) {
    check(::mkdirat(tmpfs, ("cgroup/" + place.controller).c_str(), 0755), "cgroup");
  }
  const int tree = open_tree(tmpfs, "cgroup", 0);
  check(set_attributes(tree, flags, 0, -1), "/sys/fs/cgroup");
  check(move_mount(tree, "sys/fs/cgroup"), "/sys/fs/cgroup");
  for (const GroupPlace& place : host.groups) {
    const std::string point = "sys/fs/cgroup/" + place.controller;
    NewMount{"cgroup"}.with(place.controller.c_str()).at(point.c_str(), flags);
  }
}

void bind_staged(int tmpfs, const std::string& place) {
  const int tree = open_tree(tmpfs, staged(place).c_str(), 0);
  const long moved = move_mount(tree, relative(place));
  if (moved < 0 && errno == ENOENT) return;  // a host without it
  check(moved, place.c_str());
}

void show_devices(int tmpfs, const Trees& trees) {
  bind_staged(tmpfs, "/dev");
  for (const Tree& device : trees.devices) {
    check(move_mount(device.fd, relative(device.point)), device.point.c_str());
  }
  NewMount{"devpts"}
      .with("newinstance")
      .with("ptmxmode", "0666")
      .with("mode", "0620")
      .at("dev/pts", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
}

void make_folder(const std::string& path, mode_t mode) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const bool last = end == std::string::npos;
    const std::string prefix = path.substr(1, last ? end : end - 1);
    const int result = ::mkdir(prefix.c_str(), last ? mode : 0755);
    check(result < 0 && errno == EEXIST ? 0 : result, path.c_str());
    if (last) return;
  }
}

void show_fresh_places(const Host& host, int tmpfs) {
  for (const char* place : kFreshPlaces) bind_staged(tmpfs, place);
  check(::mkdir("run/lock", 01777), "/run/lock");
  make_folder("/run/user/" + std::to_string(host.uid_inside), 0700);
  if (is_fresh(host.home)) make_folder(host.home, 0700);
}

// pivot_root(2), "pivot_root(".", ".")": the old root comes to lie on top.
void pivot() {
  check(::syscall(SYS_pivot_root, ".", "."), "pivot_root");
  check(::umount2(".", MNT_DETACH), "detach the old root");
  check(::chdir("/"), "/");
}

}  // namespace

void build_root(const Host& host, const Trees& trees, std::uint64_t fresh_bytes) {
  check(move_mount(trees.root, "/"), "/");
  check(::fchdir(trees.root), "/");
  for (const Tree& tree : trees.below) {
    check(move_mount(tree.fd, relative(tree.point)), tree.point.c_str());
  }
  const int tmpfs = stage_fresh_places(fresh_bytes);
  NewMount{"proc"}.at("proc", kNoSuidDev | MOUNT_ATTR_NOEXEC);
  NewMount{"sysfs"}.at("sys", kReadOnly | MOUNT_ATTR_NOEXEC);
  show_groups(host, tmpfs);
  write_file(AT_FDCWD, "proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
  show_devices(tmpfs, trees);
  show_fresh_places(host, tmpfs);
  if (trees.project >= 0) {
    make_folder(host.cwd, 0755);
    check(move_mount(trees.project, relative(host.cwd)), host.cwd.c_str());
  }
  pivot();
}

}  // namespace floor_bench
