#include "cgroup/directory.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "sys/error.h"
#include "sys/files.h"

namespace sandbox {
namespace {

using std::chrono::milliseconds;

// A remover takes some ten microseconds a directory; this many losses in a row mean something else.
constexpr int kAttempts = 100;

std::string name_of(const std::string& parent, const std::string& run_id, int attempt) {
  std::string path = parent;
  path.append("/").append(kGroupPrefix).append(run_id);
  if (attempt > 1) path.append("-").append(std::to_string(attempt));
  return path;
}

// 0 or errno. ENOENT, EWOULDBLOCK, ENODEV: lost to a remover, which got at it between mkdir and
// flock.
int take(GroupDirectory& fresh, FirstFile first) {
  UniqueFd fd{::open(fresh.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!fd || ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return errno;
  fresh.file.reset(::openat(fd.get(), first.name, first.access | O_CLOEXEC));
  if (!fresh.file) return errno;
  fresh.fd = std::move(fd);
  return 0;
}

bool means_lost(int error) {
  return error == ENOENT || error == EWOULDBLOCK || error == ENODEV;
}

int poll_until(int fd, short events, Deadline deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
  pollfd entry{fd, events, 0};
  return ::poll(&entry, fd < 0 ? 0 : 1, static_cast<int>(std::max<long>(left.count(), 0)));
}

std::string_view first_line(std::string_view text) {
  return text.substr(0, text.find('\n'));
}

// v1 tells nobody that a group became empty: wait for one of its processes.
void await_first_process(int directory, Deadline deadline) {
  const SmallFile listed{directory, "cgroup.procs"};
  const auto pid = leading_number(first_line(listed.text()));
  if (pid.value_or(0) > 0) {
    const UniqueFd process{static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0))};
    if (process && poll_until(process.get(), POLLIN, deadline) > 0) return;
  }
  // Gone already, or dead and not yet taken out of the group.
  const Deadline soon = std::chrono::steady_clock::now() + milliseconds{1};
  poll_until(-1, 0, std::min(soon, deadline));
}

// Once something changed that may let rmdir succeed; false at the deadline.
bool await_departure(int directory, Deadline deadline) {
  if (std::chrono::steady_clock::now() >= deadline) return false;
  const UniqueFd events{::openat(directory, "cgroup.events", O_RDONLY | O_CLOEXEC)};
  if (events && SmallFile{events.get()}.number_of("populated").value_or(0) != 0) {
    poll_until(events.get(), POLLPRI, deadline);
  } else {
    await_first_process(directory, deadline);
  }
  return true;
}

// A run whose test could write to its own group may have made groups in it.
void remove_children(int directory) {
  for (const std::string& name : subfolders(directory, ".")) {
    remove_if_empty(directory, name.c_str());
  }
}

}  // namespace

GroupDirectory make_group_directory(const std::string& parent, const std::string& run_id,
                                    FirstFile first) {
  for (int attempt = 1;; ++attempt) {
    GroupDirectory made{name_of(parent, run_id, attempt)};
    const bool fresh = ::mkdir(made.path.c_str(), 0755) == 0;
    const int error = fresh ? take(made, first) : errno;
    if (error == 0) return made;
    if (fresh && !means_lost(error)) ::rmdir(made.path.c_str());
    const bool try_again = fresh ? means_lost(error) : error == EEXIST;
    if (!try_again || attempt == kAttempts) {
      throw Error{"cannot create group " + made.path, error};
    }
  }
}

int remove_if_empty(int at, const char* name) {
  if (::unlinkat(at, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return 0;
  if (errno != EBUSY) return errno;
  const UniqueFd directory{::openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!directory || has_processes(directory.get())) return EBUSY;
  remove_children(directory.get());
  return ::unlinkat(at, name, AT_REMOVEDIR) == 0 ? 0 : errno;
}

GroupDirectory::~GroupDirectory() {
  if (fd) (void)remove_if_empty(AT_FDCWD, path.c_str());
}

int remove_group_directory(GroupDirectory& directory, Deadline deadline) {
  int error = remove_if_empty(AT_FDCWD, directory.path.c_str());
  while (error == EBUSY && await_departure(directory.fd.get(), deadline)) {
    error = remove_if_empty(AT_FDCWD, directory.path.c_str());
  }
  if (error == 0) directory.fd.reset();
  return error;
}

bool is_alive(int directory) {
  return ::faccessat(directory, "cgroup.procs", F_OK, 0) == 0;
}

bool has_processes(int directory) {
  return !SmallFile{directory, "cgroup.procs"}.text().empty();
}

void kill_listed(int directory) {
  // Without a pids cap a process can fork between the list and its signal: look again.
  for (int pass = 0; pass < 100; ++pass) {
    const auto listed = read_file_at(directory, "cgroup.procs").value_or("");
    if (listed.empty()) return;
    for (std::string_view line : split(listed, '\n')) {
      const auto pid = leading_number(line).value_or(0);
      if (pid > 0) ::kill(static_cast<pid_t>(pid), SIGKILL);
    }
  }
}

SmallFile::SmallFile(int at, const char* name) {
  const UniqueFd fd{::openat(at, name, O_RDONLY | O_CLOEXEC)};
  if (fd) read_from(fd.get());
}

SmallFile::SmallFile(int fd) {
  read_from(fd);
}

void SmallFile::read_from(int fd) {
  const ssize_t n = ::pread(fd, buffer_, sizeof buffer_, 0);
  size_ = n > 0 ? static_cast<std::size_t>(n) : 0;
}

std::optional<std::uint64_t> SmallFile::number() const {
  return leading_number(text());
}

std::optional<std::uint64_t> SmallFile::number_of(std::string_view key) const {
  std::string_view rest = text();
  while (!rest.empty()) {
    const std::string_view line = first_line(rest);
    if (line.size() > key.size() && line[key.size()] == ' ' && line.substr(0, key.size()) == key) {
      return leading_number(line.substr(key.size()));
    }
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  return std::nullopt;
}

int HeldFile::fd(int at) {
  if (!fd_) fd_.reset(::openat(at, name_, access_ | O_CLOEXEC));
  if (!fd_ && access_ != O_RDONLY) fd_.reset(::openat(at, name_, O_RDONLY | O_CLOEXEC));
  return fd_.get();
}

bool HeldFile::write(int at, std::string_view text) {
  return ::pwrite(fd(at), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
}

}  // namespace sandbox
