#include "runner/kept_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "sys/error.h"

namespace sandbox::runner {
namespace {

// The first that was free when it was first asked for, out of the way of those a test expects.
int reserve_number() {
  constexpr int kLowest = 50;
  int number = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, kLowest);
  if (number < 0) number = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (number < 0) throw Error{"cannot reserve a descriptor", errno};
  return number;
}

}  // namespace

KeptFile::KeptFile(std::size_t most)
    : fd_(beyond_streams(
          UniqueFd{::memfd_create("sandbox-gtest", MFD_CLOEXEC | MFD_ALLOW_SEALING)})),
      most_(most) {
  if (!fd_) throw Error{"cannot make a file in memory", errno};
  if (most == 0) return;
  if (::ftruncate(fd_.get(), static_cast<off_t>(most)) != 0 ||
      ::fcntl(fd_.get(), F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) != 0)
    throw Error{"cannot bound a file in memory", errno};
}

int KeptFile::number() {
  static const int number = reserve_number();
  return number;
}

void KeptFile::occupy() const {
  if (::dup3(fd_.get(), number(), O_CLOEXEC) < 0) throw Error{"cannot hand on a descriptor", errno};
}

std::string KeptFile::path(int number) {
  return "/proc/self/fd/" + std::to_string(number);
}

std::string KeptFile::text() const {
  struct stat file {};
  if (::fstat(fd_.get(), &file) != 0) throw Error{"cannot read a file in memory", errno};
  // A bounded one was written from the front, by its descriptor's own offset.
  const off_t written = most_ ? ::lseek(fd_.get(), 0, SEEK_CUR) : file.st_size;
  // Whoever is inside can make it as long as they like.
  constexpr off_t kMost = 256 << 20;
  std::string text(static_cast<std::size_t>(std::clamp<off_t>(written, 0, kMost)), '\0');
  const ssize_t size = ::pread(fd_.get(), text.data(), text.size(), 0);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  return text;
}

}  // namespace sandbox::runner
