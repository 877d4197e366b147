// catch-signal NAME STATUS: says "ready", waits for the signal (120 s at most), says "got NAME" and
// ends with STATUS: a test that tidies up when it is told to go.
#include "probe.h"

int main(int argc, char** argv) {
  constexpr auto kUsage = "catch-signal NAME STATUS";
  if (argc != 3) probe::misused(kUsage);
  const int wanted = probe::signal_number(argv[1]);
  const int status = static_cast<int>(probe::number(argv[2], 255, kUsage));
  if (wanted == 0) probe::misused(kUsage);
  probe::live_at_most(120);
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, wanted);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  probe::say("ready");
  int got = 0;
  if (::sigwait(&set, &got) != 0) probe::fail("sigwait");
  std::printf("got %s\n", ::sigabbrev_np(got));
  return status;
}
