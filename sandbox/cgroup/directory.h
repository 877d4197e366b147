// A group's directory from birth to removal, safe against a concurrent removal of stale groups, and
// its small files. Only who holds the flock of a living directory removes it; a creator that lost
// one to a remover leaves it alone and takes another name.
#pragma once

#include <fcntl.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sys/unique_fd.h"

namespace sandbox {

inline constexpr std::string_view kGroupPrefix = "sandbox-exec-";

struct GroupDirectory {
  std::string path{};
  UniqueFd fd{};    // holds the lock; none: nothing to remove
  UniqueFd file{};  // the one that make_group_directory was told to open

  explicit GroupDirectory(std::string where) : path(std::move(where)) {}
  GroupDirectory(GroupDirectory&&) noexcept = default;
  GroupDirectory& operator=(GroupDirectory&&) = delete;
  ~GroupDirectory();  // removes it if it is empty, without waiting
};

// A file that every group of this layout has, and open(2)'s access mode for it.
struct FirstFile {
  const char* name = "cgroup.procs";
  int access = O_RDONLY;
};

// Makes and locks `parent`/sandbox-exec-<run_id>, with "-2" and so on where the name is taken or
// was lost to a remover. A removed directory can still be locked but has no files any more, so
// `first` is opened in any case, and kept. Throws Error.
GroupDirectory make_group_directory(const std::string& parent, const std::string& run_id,
                                    FirstFile first);

using Deadline = std::chrono::steady_clock::time_point;

// Removes the directory and groups that were made beneath it, waiting until the deadline for the
// last process to go. Returns 0 or errno (EBUSY: processes are left).
int remove_group_directory(GroupDirectory& directory, Deadline deadline);
// At once or not at all. `at` is the parent's fd.
int remove_if_empty(int at, const char* name);

// Whether the open directory still exists: a removed one can be locked, but has no files.
bool is_alive(int directory);
// Of a group's cgroup.procs, without the groups beneath it.
bool has_processes(int directory);

// SIGKILL to each process that cgroup.procs lists, until it lists none or only dying ones.
void kill_listed(int directory);

// A file of at most 8 KiB read in one go, without an allocation.
class SmallFile {
 public:
  SmallFile(int at, const char* name);  // opens, reads, closes
  explicit SmallFile(int fd);           // reads an open file from its start
  // Empty where it could not be read.
  std::string_view text() const { return {buffer_, size_}; }
  std::optional<std::uint64_t> number() const;
  // After "key " at the start of a line.
  std::optional<std::uint64_t> number_of(std::string_view key) const;

 private:
  void read_from(int fd);

  std::size_t size_ = 0;
  char buffer_[8192];
};

// The same for one that is read often: it stays open once it has been read.
class HeldFile {
 public:
  explicit HeldFile(const char* name, int access = O_RDONLY) : name_(name), access_(access) {}

  SmallFile read(int at) { return SmallFile{fd(at)}; }
  // Whether `text` was taken.
  bool write(int at, std::string_view text);
  void close() { fd_.reset(); }

 private:
  int fd(int at);

  const char* name_;
  int access_;  // O_RDWR where it is to be written too, if it can be
  UniqueFd fd_{};
};

}  // namespace sandbox
