#include "report/write.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <exception>
#include <optional>

#include "policy/words.h"
#include "report/json.h"
#include "sys/error.h"
#include "sys/files.h"
#include "sys/unique_fd.h"

namespace sandbox {
namespace {

constexpr int kReaderPatienceMs = 5000;

// --- writing without SIGPIPE

// The signal is blocked for this thread and, where our write raised it, taken away again: a library
// must not change what its host does on SIGPIPE.
class PipeSignalHeld {
 public:
  PipeSignalHeld() {
    sigset_t pending;
    (void)::sigpending(&pending);
    was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
    (void)::sigemptyset(&pipe_);
    (void)::sigaddset(&pipe_, SIGPIPE);
    (void)::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  PipeSignalHeld(const PipeSignalHeld&) = delete;
  PipeSignalHeld& operator=(const PipeSignalHeld&) = delete;
  ~PipeSignalHeld() {
    const timespec at_once{};
    if (!was_pending_) (void)::sigtimedwait(&pipe_, nullptr, &at_once);
    (void)::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t pipe_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

int wait_for_reader(int fd) {
  pollfd reader{fd, POLLOUT, 0};
  const int ready = ::poll(&reader, 1, kReaderPatienceMs);
  if (ready < 0) return errno == EINTR ? 0 : errno;
  return ready == 0 ? ETIMEDOUT : 0;
}

// --- what a target is

enum class Kind { file, stream, descriptor };

struct Target {
  Kind kind = Kind::file;
  std::string path{};   // file: the last symlink's target; stream: as given
  std::string words{};  // "--report out.json"
  int fd = -1;
  std::optional<struct stat> existing{};
};

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

[[noreturn]] void fail(const Target& target, int error, const std::string& hint = {}) {
  throw Error{"cannot write " + target.words, error, hint};
}

std::optional<int> whole_number(std::string_view text) {
  int value = -1;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end.ec != std::errc{} || end.ptr != text.data() + text.size() || value < 0)
    return std::nullopt;
  return value;
}

// /dev/stdout and the like name an open descriptor; opening the file behind it anew would write
// over what the test printed there.
std::optional<int> descriptor_named(std::string_view path) {
  for (std::string_view folder : {"/proc/self/fd/", "/dev/fd/"}) {
    if (path.starts_with(folder)) return whole_number(path.substr(folder.size()));
  }
  return std::nullopt;
}

// The path behind `path`, where that is a symlink; nullopt where it is none.
std::optional<std::string> next_hop(const std::string& path) {
  std::array<char, PATH_MAX> text{};
  const ssize_t size = ::readlink(path.c_str(), text.data(), text.size());
  if (size < 0) return std::nullopt;
  const std::string link{text.data(), static_cast<std::size_t>(size)};
  return link.starts_with('/') ? link : folder_of(path) + "/" + link;
}

// rename(2) would replace a symlink, so it is followed by hand.
void follow_symlinks(Target& target) {
  constexpr int kMaxHops = 40;  // as path_resolution(7)
  for (int hop = 0; hop < kMaxHops; ++hop) {
    if (const auto fd = descriptor_named(target.path)) {
      target.kind = Kind::descriptor;
      target.fd = *fd;
      return;
    }
    if (target.path.starts_with("/proc/")) return;  // its links are no paths
    const auto next = next_hop(target.path);
    if (!next) return;
    target.path = *next;
  }
  fail(target, ELOOP);
}

constexpr std::string_view kPinned = "/proc/self/fd/";

void look_at(Target& target) {
  struct stat found {};
  // Beneath a pinned folder a symlink is one that came later: it is replaced, not followed.
  const bool pinned = target.path.starts_with(kPinned);
  if ((pinned ? ::lstat : ::stat)(target.path.c_str(), &found) != 0) {
    if (errno != ENOENT) fail(target, errno);
    return;
  }
  if (S_ISLNK(found.st_mode)) return;
  if (S_ISDIR(found.st_mode))
    fail(target, EISDIR, "--report-dir puts one file a run into a folder");
  if (S_ISBLK(found.st_mode) || S_ISSOCK(found.st_mode))
    fail(target, EINVAL, "a file, a pipe or fd:N can take it");
  target.existing = found;
  if (!S_ISREG(found.st_mode)) target.kind = Kind::stream;
}

Target target_of(const std::string& report) {
  Target target{.path = report, .words = "--report " + shown(report)};
  if (report.starts_with("fd:")) {
    target.kind = Kind::descriptor;
    const auto fd = whole_number(std::string_view{report}.substr(3));
    if (!fd) fail(target, 0, "fd: takes the number of an open file descriptor: fd:3");
    target.fd = *fd;
    return target;
  }
  follow_symlinks(target);
  if (target.kind == Kind::file) look_at(target);
  return target;
}

// --- checks

bool may(const std::string& path, int mode) {
  return ::faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0;
}

void check_descriptor(const Target& target) {
  const int flags = ::fcntl(target.fd, F_GETFL);
  if (flags < 0) fail(target, errno, "that descriptor is not open");
  if ((flags & O_ACCMODE) == O_RDONLY)
    fail(target, EBADF, "that descriptor is open for reading only");
}

// Asking by trying: access(2) knows nothing of quotas, root squash or proc. Returns 0 or errno.
int try_new_file(const std::string& folder) {
  const UniqueFd unnamed{::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600)};
  if (unnamed) return 0;
  const bool unknown_here = errno == EOPNOTSUPP || errno == EISDIR;
  if (!unknown_here) return errno;
  const std::string name = folder + "/.sandbox-exec-" + std::to_string(::getpid()) + ".check";
  const UniqueFd named{
      ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!named) return errno;
  return ::unlink(name.c_str()) == 0 ? 0 : errno;
}

// An existing file can be written in place where its folder takes no new one.
void check_file(const Target& target) {
  if (target.existing) {
    if (!may(target.path, W_OK)) fail(target, errno);
    return;
  }
  const std::string folder = folder_of(target.path);
  const int error = try_new_file(folder);
  if (error) fail(target, error, error == ENOENT ? "mkdir -p " + shown(folder) : "");
}

void check_target(const Target& target) {
  if (target.kind == Kind::descriptor) return check_descriptor(target);
  if (target.kind == Kind::file) return check_file(target);
  if (!may(target.path, W_OK)) fail(target, errno);
}

// The folder, or where it is missing the nearest one above, must take new files.
void check_report_dir(const std::string& dir) {
  const Target target{.words = "--report-dir " + shown(dir)};
  std::string folder = dir;
  struct stat found {};
  while (::stat(folder.c_str(), &found) != 0) {
    if (errno != ENOENT || folder == "." || folder == "/") fail(target, errno);
    folder = folder_of(folder);
  }
  if (!S_ISDIR(found.st_mode)) fail(target, ENOTDIR);
  if (const int error = try_new_file(folder)) fail(target, error);
}

// --- writing

// The parts of a name that a file name may hold; never hidden, never too long for a file system.
std::string file_name_part(std::string_view text) {
  constexpr std::size_t kLongest = 100;
  std::string part{text.substr(0, kLongest)};
  for (char& c : part) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain && c != '.' && c != '_' && c != '-') c = '_';
  }
  if (part.starts_with('.')) part[0] = '_';
  return part;
}

// The run id names the temporary file: unlike a pid it is unique across containers that share a
// folder.
struct Text {
  std::string run_id{};
  std::string json{};
};

// A file that its owner made keeps its mode and, where we may, its owner.
void keep_attributes(int fd, const struct stat& existing) {
  (void)::fchmod(fd, existing.st_mode & 07777);
  if (existing.st_uid != ::geteuid()) (void)!::fchown(fd, existing.st_uid, existing.st_gid);
}

// Returns 0 or errno; leaves nothing half-written in either case.
int replace_file(const Target& target, const Text& text) {
  const std::string temporary =
      folder_of(target.path) + "/.sandbox-exec-" + file_name_part(text.run_id) + ".tmp";
  const UniqueFd fd{
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666)};
  if (!fd) return errno;
  if (target.existing) keep_attributes(fd.get(), *target.existing);
  int error = write_text(fd.get(), text.json);
  if (!error && ::rename(temporary.c_str(), target.path.c_str()) != 0) error = errno;
  if (error) (void)::unlink(temporary.c_str());
  return error;
}

void write_opened(const Target& target, int flags, const Text& text) {
  const UniqueFd fd{::open(target.path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY | flags)};
  if (!fd && errno == ENXIO) fail(target, errno, "nobody reads that pipe: start its reader first");
  if (!fd) fail(target, errno);
  if (const int error = write_text(fd.get(), text.json)) fail(target, error);
}

// A file mounted as such, or in a folder that is not ours, cannot be replaced, only written.
bool must_be_written_in_place(const Target& target, int error) {
  return target.existing && (error == EBUSY || error == EACCES || error == EPERM || error == EROFS);
}

void write_target(const Target& target, const Text& text) {
  int error = 0;
  switch (target.kind) {
    case Kind::descriptor:
      error = write_text(target.fd, text.json);
      break;
    case Kind::stream:
      return write_opened(target, O_NONBLOCK, text);
    case Kind::file:
      error = replace_file(target, text);
      if (must_be_written_in_place(target, error)) return write_opened(target, O_TRUNC, text);
      break;
  }
  if (error) fail(target, error);
}

void make_folders(const Target& target, const std::string& dir) {
  if (dir == "." || dir == "/") return;
  if (::mkdir(dir.c_str(), 0777) == 0 || errno == EEXIST) return;
  if (errno != ENOENT) fail(target, errno);
  make_folders(target, folder_of(dir));
  if (::mkdir(dir.c_str(), 0777) != 0 && errno != EEXIST) fail(target, errno);
}

void write_into_folder(const Report& report, const std::string& dir, const Text& text) {
  Target target{.path = dir + "/" + report_file_name(report.name, text.run_id),
                .words = "--report-dir " + shown(dir)};
  make_folders(target, dir);
  write_target(target, text);
}

}  // namespace

int write_text(int fd, std::string_view text) {
  const PipeSignalHeld held;
  while (!text.empty()) {
    const ssize_t size = ::write(fd, text.data(), text.size());
    if (size >= 0) {
      text.remove_prefix(static_cast<std::size_t>(size));
    } else if (errno == EAGAIN) {
      if (const int error = wait_for_reader(fd)) return error;
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

std::string report_file_name(std::string_view name, std::string_view run_id) {
  return file_name_part(name.empty() ? "test" : name) + "-" + file_name_part(run_id) + ".json";
}

PinnedTargets::PinnedTargets(const Reporting& reporting) : reporting_(reporting) {
  const auto open_folder = [](const std::string& folder) {
    return UniqueFd{::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  };
  const auto pinned = [](const UniqueFd& fd) {
    return std::string{kPinned} + std::to_string(fd.get());
  };
  if (!reporting.report.empty()) {
    const Target target = target_of(reporting.report);
    if (target.kind == Kind::file) report_folder_ = open_folder(folder_of(target.path));
    if (report_folder_) {
      reporting_.report =
          pinned(report_folder_) + "/" + target.path.substr(target.path.rfind('/') + 1);
    }
  }
  if (!reporting.report_dir.empty()) {
    make_folders(Target{.words = "--report-dir " + shown(reporting.report_dir)},
                 reporting.report_dir);
    report_dir_ = open_folder(reporting.report_dir);
    if (report_dir_) reporting_.report_dir = pinned(report_dir_);
  }
}

void check_report_target(const Reporting& reporting) {
  if (!reporting.report.empty()) check_target(target_of(reporting.report));
  if (!reporting.report_dir.empty()) check_report_dir(reporting.report_dir);
}

void write_report(const Report& report, const Reporting& reporting) {
  if (reporting.report.empty() && reporting.report_dir.empty()) return;
  const Text text{report.run_id, to_json(report)};
  std::exception_ptr first;
  const auto attempt = [&first](const auto& write) {
    try {
      write();
    } catch (const Error&) {
      if (!first) first = std::current_exception();
    }
  };
  if (!reporting.report.empty()) attempt([&] { write_target(target_of(reporting.report), text); });
  if (!reporting.report_dir.empty())
    attempt([&] { write_into_folder(report, reporting.report_dir, text); });
  if (first) std::rethrow_exception(first);
}

}  // namespace sandbox
