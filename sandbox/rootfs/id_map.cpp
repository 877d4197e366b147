#include "rootfs/id_map.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/error.h"
#include "sys/files.h"

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

namespace sandbox {
namespace {

constexpr unsigned long kPrivate = 1UL << 18;  // MS_PRIVATE

[[noreturn]] void wait_to_be_killed(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (::getppid() != parent) ::_exit(1);
  for (;;) ::pause();
}

// It only has to exist until its namespace is held open by a file descriptor.
class Helper {
 public:
  Helper() {
    const pid_t parent = ::getpid();
    clone_args args{};
    args.flags = CLONE_NEWUSER;
    args.exit_signal = SIGCHLD;
    pid_ = static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof args));
    if (pid_ == 0) wait_to_be_killed(parent);
    if (pid_ < 0) throw Error{"cannot make a user namespace for id-mapped mounts", errno};
  }
  Helper(const Helper&) = delete;
  Helper& operator=(const Helper&) = delete;
  ~Helper() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  std::string proc(const char* name) const { return "/proc/" + std::to_string(pid_) + "/" + name; }

 private:
  pid_t pid_ = -1;
};

void write_map(const std::string& file, unsigned id) {
  const std::string line = "0 " + std::to_string(id) + " 1\n";
  if (const int error = write_file_at(AT_FDCWD, file.c_str(), line)) {
    throw Error{"cannot write the map for id-mapped mounts", error};
  }
}

int set_attributes(int tree, unsigned flags, const mount_attr& attr) {
  const long result =
      ::syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | flags, &attr, sizeof attr);
  return result < 0 ? errno : 0;
}

int map_ids(int tree, int id_map) {
  mount_attr attr{};
  attr.attr_set = MOUNT_ATTR_IDMAP;
  attr.userns_fd = static_cast<__u64>(id_map);
  return set_attributes(tree, 0, attr);
}

UniqueFd clone_tree(const std::string& path, unsigned flags) {
  return UniqueFd{static_cast<int>(::syscall(SYS_open_tree, AT_FDCWD, path.c_str(),
                                             OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags))};
}

}  // namespace

UniqueFd make_id_map(uid_t uid, gid_t gid) {
  const Helper helper;
  write_map(helper.proc("uid_map"), uid);
  write_map(helper.proc("gid_map"), gid);
  UniqueFd fd{::open(helper.proc("ns/user").c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd) throw Error{"cannot open the user namespace for id-mapped mounts", errno};
  return fd;
}

bool takes_id_map(const std::string& place) {
  // Any map will do to ask; 1 is never the host's root.
  static const UniqueFd map = make_id_map(1, 1);
  const UniqueFd tree = clone_tree(place, 0);
  return tree && map_ids(tree.get(), map.get()) == 0;
}

DetachedTree detach_tree(const std::string& path, bool recursive, unsigned long long attributes,
                         int id_map) {
  const unsigned depth = recursive ? AT_RECURSIVE : 0;
  DetachedTree tree{clone_tree(path, depth)};
  if (!tree.fd) throw Error{"cannot clone the mount at " + path, errno};
  mount_attr attr{};
  attr.attr_set = attributes;
  attr.propagation = kPrivate;
  if (const int error = set_attributes(tree.fd.get(), depth, attr)) {
    throw Error{"cannot set the attributes of the mount at " + path, error};
  }
  tree.mapped = id_map >= 0 && map_ids(tree.fd.get(), id_map) == 0;
  return tree;
}

}  // namespace sandbox
