// The signals that ask a run to end, held back where they could cost it its report.
#pragma once

#include <signal.h>

#include <array>

namespace sandbox {

inline constexpr std::array kInterruptingSignals{SIGINT,  SIGTERM, SIGHUP,
                                                 SIGQUIT, SIGUSR1, SIGUSR2};

// Blocks them in this thread for its lifetime: one that comes meanwhile waits.
class HeldSignals {
 public:
  HeldSignals();
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;
  ~HeldSignals();
  // Now: what came meanwhile takes effect. For who ends without the destructor.
  void let_go() const;
  // The caller's mask, which the test gets back.
  const sigset_t& before() const { return before_; }

 private:
  sigset_t before_{};
};

}  // namespace sandbox
