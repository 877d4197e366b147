#include "launch/held_signals.h"

#include <pthread.h>

#include <initializer_list>

namespace sandbox {

sigset_t interrupting_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2}) {
    ::sigaddset(&set, signal);
  }
  return set;
}

HeldSignals::HeldSignals() {
  const sigset_t set = interrupting_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, &before_);
}

HeldSignals::~HeldSignals() {
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

ReleasedSignals::ReleasedSignals(const sigset_t& mask) {
  ::pthread_sigmask(SIG_SETMASK, &mask, &held_);
}

ReleasedSignals::~ReleasedSignals() {
  ::pthread_sigmask(SIG_SETMASK, &held_, nullptr);
}

}  // namespace sandbox
