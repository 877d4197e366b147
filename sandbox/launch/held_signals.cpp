#include "launch/held_signals.h"

#include <pthread.h>

namespace sandbox {

HeldSignals::HeldSignals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : kInterruptingSignals) ::sigaddset(&set, signal);
  ::pthread_sigmask(SIG_BLOCK, &set, &before_);
}

HeldSignals::~HeldSignals() {
  let_go();
}

void HeldSignals::let_go() const {
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace sandbox
