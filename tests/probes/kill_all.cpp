// kill-all: SIGKILL to everything it may signal, from a child. Only in a sandbox.
#include "probe.h"

int main() {
  if (!probe::parent_is_a_sandbox_init()) probe::misused("kill-all, in a sandbox only");
  probe::live_at_most(60);
  const pid_t child = ::fork();
  if (child < 0) probe::fail("fork");
  if (child == 0) {
    ::kill(-1, SIGKILL);
    ::_exit(0);
  }
  for (;;) ::pause();
}
