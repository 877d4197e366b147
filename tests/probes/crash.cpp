// crash SIGNAME: dies of the signal as programs do: SEGV, BUS, FPE, ILL and TRAP by a fault of its
// own, ABRT by abort(3), any other by raise(3).
#include <sys/mman.h>

#include "probe.h"

namespace {

void write_to_null() {
  volatile int* volatile nowhere = nullptr;
  *nowhere = 1;
}

void divide_by_zero() {
  volatile int zero = 0;
  volatile int result = 1 / zero;
  static_cast<void>(result);
}

// A page of a file beyond the file's end.
void touch_missing_page() {
  std::FILE* file = std::tmpfile();
  if (file == nullptr) probe::fail("tmpfile");
  void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ::fileno(file), 0);
  if (page == MAP_FAILED) probe::fail("mmap");
  *static_cast<volatile char*>(page) = 1;
}

void die_of(int number) {
  switch (number) {
    case SIGSEGV:
      return write_to_null();
    case SIGFPE:
      divide_by_zero();
      break;  // where the machine does not trap (aarch64)
    case SIGBUS:
      return touch_missing_page();
    case SIGILL:
      __builtin_trap();
    case SIGABRT:
      std::abort();
    default:
      break;
  }
  ::raise(number);
}

}  // namespace

int main(int argc, char** argv) {
  constexpr auto kUsage = "crash SIGNAME";
  const int number = argc == 2 ? probe::signal_number(argv[1]) : 0;
  if (number == 0) probe::misused(kUsage);
  die_of(number);
  return probe::kMisused;
}
