// sleep-forever: says "ready", then waits for a signal (120 s at most).
#include "probe.h"

int main() {
  probe::live_at_most(120);
  probe::say("ready");
  for (;;) ::pause();
}
