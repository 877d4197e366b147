// fill-place DIR MIB: writes a file of MIB MiB, 1024 at most, into the folder; where it does not
// fit, prints "DIR: ENOSPC" and how much did, and ends with 1. The file stays.
#include <fcntl.h>

#include "probe.h"

int main(int argc, char** argv) {
  constexpr auto kUsage = "fill-place DIR MIB";
  if (argc != 3) probe::misused(kUsage);
  const auto mib = static_cast<int>(probe::number(argv[2], 1024, kUsage));
  const std::string path = std::string(argv[1]) + "/filling";
  probe::live_at_most(60);
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) probe::fail(argv[1]);
  const std::string block(1024 * 1024, 'f');
  for (int done = 0; done < mib; ++done) {
    if (::write(file, block.data(), block.size()) == static_cast<ssize_t>(block.size())) continue;
    std::printf("%d\n", done);
    std::fflush(stdout);
    // A short write means that the next one says why.
    if (::write(file, block.data(), block.size()) < 0) probe::fail(argv[1]);
    return 1;
  }
  return 0;
}
