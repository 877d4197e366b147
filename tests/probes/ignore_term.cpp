// ignore-term: ignores SIGTERM, SIGINT, SIGHUP and SIGXCPU; says "ready" and waits (120 s at most).
#include "probe.h"

int main() {
  probe::live_at_most(120);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGXCPU}) {
    if (::signal(number, SIG_IGN) == SIG_ERR) probe::fail("signal");
  }
  probe::say("ready");
  for (;;) ::pause();
}
