// peak COMMAND…: runs it and prints the peak of its resident memory in KiB.
//
// A program of its own, since ru_maxrss carries what the process held before execve: started from
// a driver, every contender would show the driver's peak. This one holds next to nothing.
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

void print(long number) {
  char text[24];
  char* start = text + sizeof text;
  *--start = '\n';
  do {
    *--start = static_cast<char>('0' + number % 10);
  } while (number /= 10);
  (void)!::write(STDOUT_FILENO, start, static_cast<size_t>(text + sizeof text - start));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  pid_t pid = -1;
  if (::posix_spawn(&pid, argv[1], nullptr, nullptr, argv + 1, environ)) return 127;
  int status = 0;
  rusage usage{};
  ::wait4(pid, &status, 0, &usage);
  print(usage.ru_maxrss);
  return status == 0 ? 0 : 1;
}
