#include "report/write.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <cerrno>
#include <exception>
#include <functional>
#include <initializer_list>
#include <optional>
#include <utility>

#include "policy/words.h"
#include "report/json.h"
#include "report/pipe_signal.h"
#include "report/target.h"
#include "sys/error.h"
#include "sys/files.h"
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

// A file mounted as such, or in a folder that is not ours, cannot be replaced, only written.
bool must_be_written_in_place(const Target& target, int error) {
  return target.existing && (error == EBUSY || error == EACCES || error == EPERM || error == EROFS);
}

// The run id names the temporary file: unlike a pid it is unique across containers that share a
// folder.
struct Text {
  std::string run_id{};
  std::string json{};
};

void make_folders(const Target& target, const std::string& dir) {
  if (dir == "." || dir == "/") return;
  if (::mkdir(dir.c_str(), 0777) == 0 || errno == EEXIST) return;
  if (errno != ENOENT) fail(target, errno);
  make_folders(target, folder_of(dir));
  if (::mkdir(dir.c_str(), 0777) != 0 && errno != EEXIST) fail(target, errno);
}

// All of them; throws the first Error.
void try_each(std::initializer_list<std::function<void()>> steps) {
  std::exception_ptr first;
  for (const auto& step : steps) {
    try {
      step();
    } catch (const Error&) {
      if (!first) first = std::current_exception();
    }
  }
  if (first) std::rethrow_exception(first);
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

// A target, and what was opened of it.
struct PinnedTarget {
  Target target{};
  std::optional<NewFile> beside{};  // of a file: a new one in its folder
  UniqueFd opened{};                // the descriptor; of a stream its folder

  static PinnedTarget file(const std::string& option, const std::string& value) {
    PinnedTarget pinned{.target = target_of(option, value)};
    const Target& target = pinned.target;
    if (target.kind == TargetKind::file) pinned.beside.emplace(folder_of(target.path));
    check_target(target, pinned.beside);
    if (target.kind != TargetKind::file) pinned.open();
    return pinned;
  }

  static PinnedTarget folder(const std::string& dir) {
    PinnedTarget pinned{.target = {.path = dir, .words = "--report-dir " + shown(dir)}};
    make_folders(pinned.target, dir);
    pinned.beside.emplace(dir);
    if (const int error = pinned.beside->check()) fail(pinned.target, error);
    return pinned;
  }

  // `name`: of the file in its folder.
  void write(const std::string& name, const Text& text) {
    switch (target.kind) {
      case TargetKind::descriptor:
        return check(write_text(opened.get(), text.json));
      case TargetKind::stream:
        return write_opened(opened.get(), base_name(target.path), O_NONBLOCK, text);
      case TargetKind::file:
        return write_file(name, text);
    }
  }

 private:
  void open() {
    const bool descriptor = target.kind == TargetKind::descriptor;
    opened.reset(descriptor ? ::fcntl(target.fd, F_DUPFD_CLOEXEC, 0)
                            : ::open(folder_of(target.path).c_str(), O_PATH | O_CLOEXEC));
    if (!opened) fail(target, errno);
  }

  void check(int error) const {
    if (error) fail(target, error);
  }

  void write_file(const std::string& name, const Text& text) {
    const std::string temporary = ".sandbox-exec-" + file_name_part(text.run_id) + ".tmp";
    const int error = beside->publish(name, {text.json, target.existing, temporary});
    if (!must_be_written_in_place(target, error)) return check(error);
    // A symlink there came later; those of proc are no paths, and were not followed.
    const int follow = target.path.starts_with("/proc/") ? 0 : O_NOFOLLOW;
    write_opened(beside->folder(), name, O_TRUNC | follow, text);
  }

  void write_opened(int at, const std::string& path, int flags, const Text& text) const {
    const UniqueFd fd{::openat(at, path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY | flags)};
    if (!fd && errno == ENXIO) {
      fail(target, errno, "nobody reads that pipe: start its reader first");
    }
    if (!fd) fail(target, errno);
    check(write_text(fd.get(), text.json));
  }
};

void refuse_descriptors(const Reporting& reporting, int first, const std::string& hint) {
  const auto look = [&](const char* option, const std::string& value) {
    if (value.empty()) return;
    const Target target = target_of(option, value);
    if (target.kind == TargetKind::descriptor && target.fd >= first) fail(target, EBADF, hint);
  };
  look("--report", reporting.report);
  look("--events", reporting.events);
}

ReportTargets::ReportTargets(const Reporting& reporting) {
  if (!reporting.report.empty()) {
    report_ = std::make_unique<PinnedTarget>(PinnedTarget::file("--report", reporting.report));
  }
  if (!reporting.report_dir.empty()) {
    folder_ = std::make_unique<PinnedTarget>(PinnedTarget::folder(reporting.report_dir));
  }
}

ReportTargets::~ReportTargets() = default;

void ReportTargets::write(const Report& report) {
  if (!report_ && !folder_) return;
  const Text text{report.run_id, to_json(report)};
  try_each({
      [&] {
        if (report_) report_->write(base_name(report_->target.path), text);
      },
      [&] {
        if (folder_) folder_->write(report_file_name(report.name, report.run_id), text);
      },
  });
}

TextTarget::TextTarget(const std::string& option, const std::string& value)
    : pinned_(std::make_unique<PinnedTarget>(PinnedTarget::file(option, value))) {}

TextTarget::TextTarget(TextTarget&&) noexcept = default;
TextTarget::~TextTarget() = default;

void TextTarget::write(const std::string& text, const std::string& run_id) {
  pinned_->write(base_name(pinned_->target.path), {run_id, text});
}

void write_report(const Report& report, const Reporting& reporting) {
  try_each({
      [&] { ReportTargets{{.report = reporting.report}}.write(report); },
      [&] { ReportTargets{{.report_dir = reporting.report_dir}}.write(report); },
  });
}

}  // namespace sandbox
