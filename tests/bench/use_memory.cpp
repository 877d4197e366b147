// use-memory MIB [SECONDS]: touches each page of MIB MiB of anonymous memory, holds them for so
// long, and says "ready" in between. Linked twice: dynamically against the C++ library, and
// statically.
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <thread>

namespace {

constexpr std::size_t kMiB = 1024 * 1024;

bool touch(std::size_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return false;
  // A huge page at the edge would be more than was asked for. EINVAL where there are none.
  (void)::madvise(memory, bytes, MADV_NOHUGEPAGE);
  auto* const first = static_cast<volatile char*>(memory);
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  for (std::size_t at = 0; at < bytes; at += page) first[at] = 1;
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::cerr << "usage: use-memory MIB [SECONDS]\n";
    return 2;
  }
  const auto mib = static_cast<std::size_t>(std::atoi(argv[1]));
  if (mib > 0 && !touch(mib * kMiB)) return 1;
  std::cout << "ready" << std::endl;
  if (argc == 3) std::this_thread::sleep_for(std::chrono::seconds{std::atoi(argv[2])});
  return 0;
}
