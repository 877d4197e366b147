// The system calls that libc has no wrapper for, and the one way to fail.
#pragma once

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

namespace floor_bench {

inline constexpr std::uint64_t kNoSuidDev = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
inline constexpr std::uint64_t kReadOnly = MOUNT_ATTR_RDONLY | kNoSuidDev;

// Ends this process with exit status 125 where a call failed: a floor with a hole measures nothing.
inline long check(long result, const char* attempt) {
  if (result >= 0) return result;
  (void)std::fprintf(stderr, "bench-floor: %s: %s\n", attempt, std::strerror(errno));
  ::_exit(125);
}

inline int open_tree(int at, const char* path, unsigned flags) {
  return static_cast<int>(
      check(::syscall(SYS_open_tree, at, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags), path));
}

inline long move_mount(int tree, const char* path) {
  return ::syscall(SYS_move_mount, tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH);
}

// id_map: fd of a user namespace, or -1. Returns 0 or -1 with errno.
inline long set_attributes(int tree, std::uint64_t attributes, unsigned flags, int id_map) {
  mount_attr attr{};
  attr.attr_set = attributes;
  attr.propagation = 1UL << 18;  // MS_PRIVATE
  if (id_map >= 0) {
    attr.attr_set |= MOUNT_ATTR_IDMAP;
    attr.userns_fd = static_cast<__u64>(id_map);
  }
  return ::syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | flags, &attr, sizeof attr);
}

inline void write_file(int at, const char* path, const char* content) {
  const int fd = static_cast<int>(check(::openat(at, path, O_WRONLY | O_CLOEXEC), path));
  check(::write(fd, content, std::strlen(content)), path);
  ::close(fd);
}

}  // namespace floor_bench
