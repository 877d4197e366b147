#include "report/target.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <climits>

#include "policy/words.h"
#include "sys/error.h"

namespace sandbox {
namespace {

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
      target.kind = TargetKind::descriptor;
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

void look_at(Target& target) {
  struct stat found {};
  if (::stat(target.path.c_str(), &found) != 0) {
    if (errno != ENOENT) fail(target, errno);
    return;
  }
  if (S_ISDIR(found.st_mode)) fail(target, EISDIR, "name a file in it, or use --report-dir");
  if (S_ISBLK(found.st_mode) || S_ISSOCK(found.st_mode))
    fail(target, EINVAL, "a file, a pipe or fd:N can take it");
  target.existing = found;
  if (!S_ISREG(found.st_mode)) target.kind = TargetKind::stream;
}

bool may(const std::string& path, int mode) {
  return ::faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0;
}

void check_descriptor(const Target& target) {
  const int flags = ::fcntl(target.fd, F_GETFL);
  if (flags < 0) fail(target, errno, "that descriptor is not open");
  if ((flags & O_ACCMODE) == O_RDONLY)
    fail(target, EBADF, "that descriptor is open for reading only");
}

// An existing file can be written in place where its folder takes no new one.
void check_file(const Target& target, const NewFile& beside) {
  if (target.existing) {
    if (!may(target.path, W_OK)) fail(target, errno);
    return;
  }
  const int error = beside.check();
  if (error)
    fail(target, error, error == ENOENT ? "mkdir -p " + shown(folder_of(target.path)) : "");
}

}  // namespace

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

void fail(const Target& target, int error, const std::string& hint) {
  throw Error{"cannot write " + target.words, error, hint};
}

Target target_of(const std::string& option, const std::string& value) {
  Target target{.path = value, .words = option + " " + shown(value)};
  if (value.starts_with("fd:")) {
    target.kind = TargetKind::descriptor;
    const auto fd = whole_number(std::string_view{value}.substr(3));
    if (!fd) fail(target, 0, "fd: takes the number of an open file descriptor: fd:3");
    target.fd = *fd;
    return target;
  }
  follow_symlinks(target);
  if (target.kind == TargetKind::file) look_at(target);
  return target;
}

void check_target(const Target& target, const std::optional<NewFile>& beside) {
  switch (target.kind) {
    case TargetKind::descriptor:
      return check_descriptor(target);
    case TargetKind::stream:
      if (!may(target.path, W_OK)) fail(target, errno);
      return;
    case TargetKind::file:
      return check_file(target, *beside);
  }
}

}  // namespace sandbox
