#include "policy/world.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "sys/files.h"
#include "sys/unique_fd.h"

namespace sandbox {
namespace {

constexpr std::size_t kMostText = 1 << 20;

FileKind kind_of(mode_t mode) {
  if (S_ISREG(mode)) return FileKind::file;
  if (S_ISDIR(mode)) return FileKind::directory;
  if (S_ISCHR(mode) || S_ISBLK(mode)) return FileKind::device;
  return FileKind::other;
}

// What cannot be looked at, by stat(2)'s errno.
FileFacts unseen(int error, FileKind missing) {
  if (error == ENOENT || error == ENOTDIR) return {missing, error, 0};
  return {FileKind::unreachable, error, 0};
}

}  // namespace

std::string HostWorld::cwd() const {
  std::array<char, PATH_MAX> path{};
  // "(unreachable)…" where it lies outside the root (getcwd(3)).
  const bool found = ::getcwd(path.data(), path.size()) && path[0] == '/';
  return found ? path.data() : "";
}

uid_t HostWorld::user() const {
  return ::geteuid();
}

std::optional<std::string> HostWorld::variable(const std::string& name) const {
  const char* value = ::getenv(name.c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

FileFacts HostWorld::look(const std::string& path) const {
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0) return unseen(errno, FileKind::missing);
  if (S_ISLNK(facts.st_mode) && ::stat(path.c_str(), &facts) != 0)
    return unseen(errno, FileKind::dangling_link);
  return {kind_of(facts.st_mode), 0, facts.st_uid};
}

FileText HostWorld::read(const std::string& path) const {
  const UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)};
  if (!fd) return {{}, errno};
  FileText result;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return {{}, errno};
    if (count == 0) return result;
    result.text.append(buffer.data(), static_cast<std::size_t>(count));
    if (result.text.size() > kMostText) return {{}, EFBIG};
  }
}

std::optional<std::string> HostWorld::real_path(const std::string& path) const {
  return sandbox::real_path(path);
}

bool HostWorld::is_open(int fd) const {
  return ::fcntl(fd, F_GETFD) >= 0;
}

}  // namespace sandbox
