#include "report/write.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <exception>

#include "policy/words.h"
#include "report/json.h"
#include "report/pipe_signal.h"
#include "report/target.h"
#include "sys/error.h"
#include "sys/unique_fd.h"

namespace sandbox {
namespace {

constexpr int kReaderPatienceMs = 5000;

// --- writing without SIGPIPE

int wait_for_reader(int fd) {
  pollfd reader{fd, POLLOUT, 0};
  const int ready = ::poll(&reader, 1, kReaderPatienceMs);
  if (ready < 0) return errno == EINTR ? 0 : errno;
  return ready == 0 ? ETIMEDOUT : 0;
}

// --- checks

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
    case TargetKind::descriptor:
      error = write_text(target.fd, text.json);
      break;
    case TargetKind::stream:
      return write_opened(target, O_NONBLOCK, text);
    case TargetKind::file:
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
    const Target target = target_of("--report", reporting.report);
    if (target.kind == TargetKind::file) report_folder_ = open_folder(folder_of(target.path));
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
  if (!reporting.report.empty()) check_target(target_of("--report", reporting.report));
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
  if (!reporting.report.empty())
    attempt([&] { write_target(target_of("--report", reporting.report), text); });
  if (!reporting.report_dir.empty())
    attempt([&] { write_into_folder(report, reporting.report_dir, text); });
  if (first) std::rethrow_exception(first);
}

}  // namespace sandbox
