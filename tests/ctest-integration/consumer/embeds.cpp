// Runs its arguments in a sandbox by the library; ends with 0 where they passed.
#include <poll.h>
#include <sandbox/runs.h>

int main(int, char** argv) {
  sandbox::Policy policy;
  for (char** word = argv + 1; *word; ++word) policy.command.emplace_back(*word);
  sandbox::Runs runs;
  bool ended = false;
  bool passed = false;
  runs.start(policy, [&](const sandbox::Report& report) {
    ended = true;
    passed = report.outcome.verdict == sandbox::Verdict::passed;
  });
  while (!ended) {
    pollfd ready{runs.fd(), POLLIN, 0};
    poll(&ready, 1, -1);
    runs.dispatch();
  }
  return passed ? 0 : 1;
}
