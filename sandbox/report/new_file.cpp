#include "report/new_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "report/write.h"

namespace sandbox {
namespace {

// EISDIR: a kernel or file system that takes O_TMPFILE for O_DIRECTORY (open(2)).
bool knows_no_unnamed_files(int error) {
  return error == EOPNOTSUPP || error == EISDIR;
}

UniqueFd make_named(int folder, const std::string& name) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
  return UniqueFd{::openat(folder, name.c_str(), kFlags, 0666)};
}

// A file that its owner made keeps its mode and, where we may, its owner.
void keep_attributes(int fd, const struct stat& replaced) {
  (void)::fchmod(fd, replaced.st_mode & 07777);
  if (replaced.st_uid != ::geteuid()) (void)!::fchown(fd, replaced.st_uid, replaced.st_gid);
}

int fill(int fd, const NewFile::Content& content) {
  if (content.replaced) keep_attributes(fd, *content.replaced);
  return write_text(fd, content.text);
}

}  // namespace

NewFile::NewFile(const std::string& folder)
    : folder_(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {
  if (folder_) unnamed_.reset(::openat(folder_.get(), ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666));
  if (!unnamed_) error_ = errno;
}

int NewFile::check() const {
  if (!folder_ || !knows_no_unnamed_files(error_)) return error_;
  const std::string name = ".sandbox-exec-" + std::to_string(::getpid()) + ".check";
  const UniqueFd named = make_named(folder_.get(), name);
  if (!named) return errno;
  return ::unlinkat(folder_.get(), name.c_str(), 0) == 0 ? 0 : errno;
}

int NewFile::publish(const std::string& name, const Content& content) {
  const UniqueFd unnamed = std::move(unnamed_);
  if (!unnamed) return publish_named(name, content);
  if (const int error = fill(unnamed.get(), content)) return error;
  if (!content.replaced && give_name(unnamed.get(), name)) return 0;
  // Something stands there: link(2) replaces nothing.
  if (give_name(unnamed.get(), content.temporary)) return rename(content.temporary, name);
  return publish_named(name, content);  // no /proc, so no name for it
}

int NewFile::publish_named(const std::string& name, const Content& content) const {
  const UniqueFd file = make_named(folder_.get(), content.temporary);
  if (!file) return errno;
  const int error = fill(file.get(), content);
  if (!error) return rename(content.temporary, name);
  (void)::unlinkat(folder_.get(), content.temporary.c_str(), 0);
  return error;
}

// AT_EMPTY_PATH needs no /proc and is quicker, but before Linux 6.10 wants CAP_DAC_READ_SEARCH, and
// says ENOENT without (open(2), O_TMPFILE).
bool NewFile::give_name(int unnamed, const std::string& name) const {
  if (::linkat(unnamed, "", folder_.get(), name.c_str(), AT_EMPTY_PATH) == 0) return true;
  if (errno != ENOENT) return false;
  const std::string file = "/proc/self/fd/" + std::to_string(unnamed);
  return ::linkat(AT_FDCWD, file.c_str(), folder_.get(), name.c_str(), AT_SYMLINK_FOLLOW) == 0;
}

int NewFile::rename(const std::string& from, const std::string& to) const {
  if (::renameat(folder_.get(), from.c_str(), folder_.get(), to.c_str()) == 0) return 0;
  const int error = errno;
  (void)::unlinkat(folder_.get(), from.c_str(), 0);
  return error;
}

}  // namespace sandbox
