// kill-sibling [NAME]: a forked child sends the signal (SIGKILL by default) to its parent, the main
// process.
#include "probe.h"

int main(int argc, char** argv) {
  const int number = probe::signal_number(argc > 1 ? argv[1] : "KILL");
  if (number == 0) probe::misused("kill-sibling [NAME]");
  probe::live_at_most(120);
  const pid_t child = ::fork();
  if (child < 0) probe::fail("fork");
  if (child == 0) {
    if (::kill(::getppid(), number) != 0) probe::fail("kill");
    ::_exit(0);
  }
  for (;;) ::pause();
}
