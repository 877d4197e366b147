// stop-self: says "ready" and stops itself by SIGSTOP; continued, it ends with 0.
#include "probe.h"

int main() {
  probe::live_at_most(120);
  probe::say("ready");
  ::raise(SIGSTOP);
  return 0;
}
