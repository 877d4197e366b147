// leave-daemon [STATUS]: leaves a daemon behind (its own session, forked twice) that holds stdout
// and stderr for 60 s, and ends with STATUS.
#include <sys/prctl.h>
#include <sys/wait.h>

#include "probe.h"

namespace {

[[noreturn]] void be_a_daemon(int started) {
  probe::live_at_most(60);
  ::prctl(PR_SET_NAME, "left-daemon");
  ::close(started);
  for (;;) ::pause();
}

}  // namespace

int main(int argc, char** argv) {
  const int status = argc > 1 ? std::atoi(argv[1]) : 0;
  int started[2];
  if (::pipe(started) != 0) probe::fail("pipe");
  const pid_t child = ::fork();
  if (child < 0) probe::fail("fork");
  if (child == 0) {
    ::close(started[0]);
    ::setsid();
    if (::fork() == 0) be_a_daemon(started[1]);
    ::_exit(0);
  }
  ::close(started[1]);
  char byte;
  static_cast<void>(
      !::read(started[0], &byte, 1));  // its end: all who held the pipe have closed it
  ::waitpid(child, nullptr, 0);
  return status;
}
