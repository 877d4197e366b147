// The mount operations. Every destination is resolved beneath the new root by openat2, so that no
// symlink in it can lead outside.
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child/interpret.h"

#ifndef MNT_DETACH
#define MNT_DETACH 2  // sys/mount.h clashes with linux/mount.h
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

extern "C" int umount2(const char*, int) noexcept;

namespace sandbox::child {
namespace {

constexpr unsigned kClone = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
constexpr unsigned long kPrivate = 1UL << 18;  // MS_PRIVATE

int result(long value) {
  return value < 0 ? errno : 0;
}

int resolve(const Context& context, const char* path, unsigned long long flags) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, context.root_fd, path, &how, sizeof how));
}

// Private in the same call: a recursive clone would else still receive later host mounts, writable.
int set_attributes(int tree, std::uint64_t attributes) {
  mount_attr attr{};
  attr.attr_set = attributes;
  attr.propagation = kPrivate;
  return result(
      ::syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof attr));
}

int attach(int tree, int target) {
  return result(::syscall(SYS_move_mount, tree, "", target, "",
                          MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
}

// "size=1,mode=755" → one fsconfig a pair; a word without '=' is a flag.
int configure(int fs, const char* options) {
  char text[512];
  if (::strlen(options) >= sizeof text) return E2BIG;
  ::memcpy(text, options, ::strlen(options) + 1);
  for (char* word = text; *word;) {
    char* end = ::strchr(word, ',');
    char* next = end ? end + 1 : word + ::strlen(word);
    if (end) *end = 0;
    char* value = ::strchr(word, '=');
    if (value) *value++ = 0;
    const unsigned command = value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;
    if (::syscall(SYS_fsconfig, fs, command, word, value, 0) < 0) return errno;
    word = next;
  }
  return result(::syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0));
}

int new_mount(const char* type, const char* options, std::uint64_t attributes) {
  const int fs = static_cast<int>(::syscall(SYS_fsopen, type, FSOPEN_CLOEXEC));
  if (fs < 0) return -1;
  int tree = -1;
  int error = configure(fs, options);
  if (!error) {
    tree = static_cast<int>(::syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attributes));
    error = tree < 0 ? errno : 0;
  }
  ::close(fs);
  errno = error;
  return tree;
}

bool is_what_parent_saw(int tree, const Instr& instr) {
  struct stat now;
  if (::fstat(tree, &now) < 0) return false;
  return now.st_dev == instr.device && now.st_ino == instr.inode;
}

// Opened by the child itself: an ordinary user's parent may not detach a mount.
int open_host_tree(const Instr& instr) {
  const int tree =
      static_cast<int>(::syscall(SYS_open_tree, AT_FDCWD, instr.text, kClone | AT_RECURSIVE));
  if (tree < 0) return -1;
  if (instr.inode == 0 || is_what_parent_saw(tree, instr)) return tree;
  ::close(tree);
  errno = ESTALE;
  return -1;
}

void forget_parent(Context& context) {
  if (context.parent_fd >= 0) ::close(context.parent_fd);
  context.parent_fd = -1;
}

// Whether something that is mounted at `place` hides what was opened at `path`.
bool hides(const char* place, const char* path) {
  const size_t length = ::strlen(place);
  return ::strncmp(place, path, length) == 0 && (path[length] == 0 || path[length] == '/');
}

// The parent of `path` beneath the new root, which stays the context's; `name` is set to its last
// component.
int open_parent(Context& context, const char* path, const char** name) {
  const char* slash = ::strrchr(path, '/');
  *name = slash + 1;
  const size_t length = static_cast<size_t>(slash - path);
  if (length == 0) return context.root_fd;
  if (length >= sizeof context.parent) return errno = ENAMETOOLONG, -1;
  if (context.parent_fd >= 0 && ::strlen(context.parent) == length &&
      ::strncmp(context.parent, path, length) == 0) {
    return context.parent_fd;
  }
  forget_parent(context);
  ::memcpy(context.parent, path, length);
  context.parent[length] = 0;
  context.parent_fd = resolve(context, context.parent, O_PATH | O_DIRECTORY);
  return context.parent_fd;
}

int make_one_directory(Context& context, const char* path, unsigned mode) {
  const char* name = nullptr;
  const int parent = open_parent(context, path, &name);
  if (parent < 0) return errno;
  return ::mkdirat(parent, name, mode) < 0 && errno != EEXIST ? errno : 0;
}

int open_inner_tree(Context& context, const Instr& instr) {
  const char* name = nullptr;
  const int parent = open_parent(context, instr.text, &name);
  if (parent < 0) return -1;
  return static_cast<int>(
      ::syscall(SYS_open_tree, parent, name, kClone | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW));
}

int open_source(Context& context, const Instr& instr) {
  if (instr.op == Op::bind_attach) return static_cast<int>(instr.a);
  return instr.op == Op::bind_path ? open_host_tree(instr) : open_inner_tree(context, instr);
}

int attach_resolved(const Context& context, int tree, const char* path) {
  const int target = resolve(context, path, O_PATH);
  if (target < 0) return errno;
  const int error = attach(tree, target);
  ::close(target);
  return error;
}

int attach_at(Context& context, int tree, const char* path) {
  const int error = attach_resolved(context, tree, path);
  if (context.parent_fd >= 0 && hides(path, context.parent)) forget_parent(context);
  return error;
}

// Without opening the place. A folder's tree goes only onto a folder, so not onto a symlink by that
// name, for which there is the long way; a file's tree goes onto the symlink itself.
int attach_by_name(Context& context, int tree, const char* path) {
  const char* name = nullptr;
  const int parent = open_parent(context, path, &name);
  const long moved =
      parent < 0 ? -1 : ::syscall(SYS_move_mount, tree, "", parent, name, MOVE_MOUNT_F_EMPTY_PATH);
  if (moved < 0) return attach_at(context, tree, path);
  if (context.parent_fd >= 0 && hides(path, context.parent)) forget_parent(context);
  return 0;
}

int write_whole(int fd, const char* content) {
  const ssize_t length = static_cast<ssize_t>(::strlen(content));
  const ssize_t written = ::write(fd, content, static_cast<size_t>(length));
  if (written < 0) return errno;
  return written == length ? 0 : ENOSPC;
}

}  // namespace

int make_root(Context& context, const Instr& instr) {
  int tree = static_cast<int>(instr.a);
  if (instr.op == Op::root_clone) {
    tree = static_cast<int>(::syscall(SYS_open_tree, AT_FDCWD, "/", kClone | AT_RECURSIVE));
    if (tree < 0) return errno;
    if (const int error = set_attributes(tree, instr.flags)) return error;
  }
  // On top of the old root: a clone can only be worked on once it is attached to this namespace.
  const int old_root = ::open("/", O_PATH | O_CLOEXEC);
  if (old_root < 0) return errno;
  const int error = attach(tree, old_root);
  ::close(old_root);
  context.root_fd = tree;
  return error;
}

int mount_new(Context& context, const Instr& instr, const char* type, const char* options) {
  const int tree = new_mount(type, options, instr.flags);
  if (tree < 0) return errno;
  const int error = attach_by_name(context, tree, instr.text);
  ::close(tree);
  return error;
}

// A tree from the new root itself is private already, and has its mount's attributes.
bool needs_attributes(const Instr& instr) {
  return instr.op == Op::bind_path || (instr.op == Op::bind_inside && instr.flags != 0);
}

int bind_opened(Context& context, const Instr& instr, int tree) {
  int error = needs_attributes(instr) ? set_attributes(tree, instr.flags) : 0;
  const bool fresh_folder = instr.op == Op::bind_inside && instr.flags == 0;
  if (!error) {
    error = fresh_folder || instr.b != 0 ? attach_by_name(context, tree, instr.text2)
                                         : attach_at(context, tree, instr.text2);
  }
  ::close(tree);
  return error;
}

int bind(Context& context, const Instr& instr) {
  const int tree = open_source(context, instr);
  const int error = tree < 0 ? errno : bind_opened(context, instr, tree);
  const bool unreachable = error == EACCES || error == ENOENT || error == ENOTDIR;
  return instr.value != 0 && unreachable ? 0 : error;
}

int make_directory(Context& context, const char* path, unsigned mode) {
  const int error = make_one_directory(context, path, mode);
  if (error != ENOENT) return error;
  char prefix[4096];
  const size_t length = ::strlen(path);
  if (length >= sizeof prefix) return ENAMETOOLONG;
  for (size_t end = 1; end <= length; ++end) {
    if (path[end] != '/' && path[end] != 0) continue;
    ::memcpy(prefix, path, end);
    prefix[end] = 0;
    if (const int failed = make_one_directory(context, prefix, end == length ? mode : 0755)) {
      return failed;
    }
  }
  return 0;
}

int make_file(Context& context, const Instr& instr) {
  const char* name = nullptr;
  const int parent = open_parent(context, instr.text, &name);
  if (parent < 0) return errno;
  const unsigned mode = static_cast<unsigned>(instr.a);
  if (!instr.text2)
    return ::mknodat(parent, name, S_IFREG | mode, 0) < 0 && errno != EEXIST ? errno : 0;
  const int fd = ::openat(parent, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, mode);
  if (fd < 0) return errno;
  const int error = write_whole(fd, instr.text2);
  ::close(fd);
  return error;
}

int write_inside(Context& context, const Instr& instr) {
  const int fd = resolve(context, instr.text2, O_WRONLY);
  if (fd < 0) return errno;
  const int error = result(::write(fd, instr.text, ::strlen(instr.text)));
  ::close(fd);
  return error;
}

int make_symlink(Context& context, const Instr& instr) {
  const char* name = nullptr;
  const int parent = open_parent(context, instr.text2, &name);
  if (parent < 0) return errno;
  return ::symlinkat(instr.text, parent, name) < 0 && errno != EEXIST ? errno : 0;
}

int pivot(Context& context) {
  forget_parent(context);
  if (::fchdir(context.root_fd) < 0) return errno;
  // Both on one directory (pivot_root(2), "pivot_root(".", ".")"): the old root comes to lie on
  // top.
  if (::syscall(SYS_pivot_root, ".", ".") < 0) return errno;
  if (::umount2(".", MNT_DETACH) < 0) return errno;
  ::close(context.root_fd);
  context.root_fd = -1;
  return result(::chdir("/"));
}

}  // namespace sandbox::child
