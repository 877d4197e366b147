#include "report/event_stream.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "report/pipe_signal.h"
#include "report/target.h"
#include "sys/error.h"

namespace sandbox {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostPending = 1 << 20;
constexpr std::chrono::seconds kPatience{5};

// --report replaces its file by another: nobody would see the stream again.
void refuse_report_file(const Target& target, const Reporting& reporting) {
  if (target.kind != TargetKind::file || reporting.report.empty()) return;
  const Target report = target_of("--report", reporting.report);
  if (report.kind == TargetKind::file && report.path == target.path)
    fail(target, 0, "--report writes that file too: name another");
}

// The open file description is shared with the caller, who would notice O_NONBLOCK on it: where it
// can be opened anew, it is.
UniqueFd open_descriptor(const Target& target, const struct stat& found) {
  if (S_ISFIFO(found.st_mode) || S_ISCHR(found.st_mode)) {
    const std::string path = "/proc/self/fd/" + std::to_string(target.fd);
    UniqueFd own{::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
    if (own) return own;
  }
  return UniqueFd{::fcntl(target.fd, F_DUPFD_CLOEXEC, 0)};
}

UniqueFd open_path(const Target& target) {
  const int made = target.kind == TargetKind::file ? O_CREAT | O_TRUNC | O_APPEND : 0;
  UniqueFd fd{
      ::open(target.path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | made, 0666)};
  if (!fd && errno == ENXIO) fail(target, errno, "nobody reads that pipe: start its reader first");
  return fd;
}

// Whether the reader takes something, or has gone, by then.
bool wait_for_reader(int fd, Clock::time_point until) {
  pollfd reader{fd, POLLOUT, 0};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    const int ready = ::poll(&reader, 1, static_cast<int>(std::max<long>(left.count(), 0)));
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

}  // namespace

EventStream::EventStream(const Reporting& reporting) {
  if (reporting.events.empty()) return;
  const Target target = target_of("--events", reporting.events);
  refuse_report_file(target, reporting);
  std::optional<NewFile> beside;
  if (target.kind == TargetKind::file) beside.emplace(folder_of(target.path));
  check_target(target, beside);
  struct stat found {};
  if (target.kind == TargetKind::descriptor) {
    (void)::fstat(target.fd, &found);
    fd_ = open_descriptor(target, found);
  } else {
    fd_ = open_path(target);
  }
  if (!fd_) fail(target, errno);
  is_socket_ = S_ISSOCK(found.st_mode);
  may_block_ = (::fcntl(fd_.get(), F_GETFL) & O_NONBLOCK) == 0 && !S_ISREG(found.st_mode);
  words_ = target.words;
}

void EventStream::begin(const Report& report) {
  if (fd_) add(begin_line(report), Clock::time_point{});
}

void EventStream::event(const Event& event) {
  if (fd_) add(event_line(event), Clock::time_point{});
}

std::optional<std::string> EventStream::end(const Report& report) {
  if (fd_) add(report_line(report), Clock::now() + kPatience);
  if (!pending_.empty()) give_up("its reader did not take the rest within 5 s");
  fd_.reset();
  return warning_.empty() ? std::nullopt : std::optional{warning_};
}

EventSink EventStream::sink() {
  if (!fd_) return {};
  return {.begin = [this](const Report& report) { begin(report); },
          .event = [this](const Event& what) { event(what); }};
}

void EventStream::add(const std::string& line, Clock::time_point until) {
  if (pending_.size() > kMostPending) return give_up("its reader is more than 1 MiB behind");
  pending_ += line;
  const int error = flush(until);
  if (error == EPIPE || error == ECONNRESET) {
    give_up("its reader has gone");
  } else if (error) {
    give_up(errno_name(error));
  }
}

// Returns errno; 0 also where a slow reader leaves something pending.
int EventStream::flush(Clock::time_point until) {
  const PipeSignalHeld held;
  while (!pending_.empty()) {
    if (!wait_for_reader(fd_.get(), until)) return 0;
    const std::string_view line{pending_.data(), pending_.find('\n') + 1};
    const ssize_t size = write_line_part(line);
    if (size >= 0) {
      pending_.erase(0, static_cast<std::size_t>(size));
    } else if (errno == EAGAIN) {
      if (Clock::now() >= until) return 0;
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

// The whole line where that cannot block. A pipe that is ready takes PIPE_BUF bytes at least.
ssize_t EventStream::write_line_part(std::string_view line) const {
  if (is_socket_) {
    return ::send(fd_.get(), line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  const std::size_t most = may_block_ ? PIPE_BUF : line.size();
  return ::write(fd_.get(), line.data(), std::min(line.size(), most));
}

void EventStream::give_up(const std::string& why) {
  warning_ = words_ + " ended early: " + why;
  pending_.clear();
  fd_.reset();
}

}  // namespace sandbox
