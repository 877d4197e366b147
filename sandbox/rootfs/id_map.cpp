#include "rootfs/id_map.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
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

int wait_to_be_killed(void* parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (::getppid() != *static_cast<pid_t*>(parent)) return 1;
  for (;;) ::pause();
}

// It only has to exist until its namespace is held open by a file descriptor. In our own memory
// (CLONE_VM): a copy would cost more than all the rest.
class Helper {
 public:
  Helper() {
    pid_ = ::clone(wait_to_be_killed, stack_ + sizeof stack_, CLONE_VM | CLONE_NEWUSER | SIGCHLD,
                   &parent_);
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
  alignas(16) char stack_[8192];
  pid_t parent_ = ::getpid();
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

bool takes_id_map(const std::string& place, int id_map) {
  const UniqueFd tree = clone_tree(place, 0);
  mount_attr attr{};
  attr.attr_set = MOUNT_ATTR_IDMAP;
  attr.userns_fd = static_cast<__u64>(id_map);
  return tree && set_attributes(tree.get(), 0, attr) == 0;
}

UniqueFd detach_tree(const std::string& path, bool recursive, unsigned long long attributes,
                     int id_map) {
  const unsigned depth = recursive ? AT_RECURSIVE : 0;
  UniqueFd tree = clone_tree(path, depth);
  if (!tree) throw Error{"cannot clone the mount at " + path, errno};
  mount_attr attr{};
  attr.attr_set = attributes;
  attr.propagation = kPrivate;
  if (id_map >= 0) {
    mount_attr mapped = attr;
    mapped.attr_set |= MOUNT_ATTR_IDMAP;
    mapped.userns_fd = static_cast<__u64>(id_map);
    if (set_attributes(tree.get(), depth, mapped) == 0) return tree;
  }
  if (const int error = set_attributes(tree.get(), depth, attr)) {
    throw Error{"cannot set the attributes of the mount at " + path, error};
  }
  if (id_map >= 0 && recursive) {  // one of those below it refused
    mount_attr top{};
    top.attr_set = MOUNT_ATTR_IDMAP;
    top.userns_fd = static_cast<__u64>(id_map);
    (void)set_attributes(tree.get(), 0, top);
  }
  return tree;
}

}  // namespace sandbox
