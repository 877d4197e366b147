// fork-bomb N: forks N waiting children, 8000 at most, stops at the first refusal, prints how many
// there were and the errno; then ends them. Status 0 when all N were had, else 4.
#include <sys/wait.h>

#include <vector>

#include "probe.h"

int main(int argc, char** argv) {
  constexpr auto kUsage = "fork-bomb N";
  if (argc != 2) probe::misused(kUsage);
  const auto wanted = static_cast<std::size_t>(probe::number(argv[1], 8000, kUsage));
  probe::live_at_most(60);
  std::vector<pid_t> children;
  int refusal = 0;
  while (children.size() < wanted && refusal == 0) {
    const pid_t child = ::fork();
    if (child == 0) {
      probe::live_at_most(30);
      for (;;) ::pause();
    }
    if (child < 0) refusal = errno;
    if (child > 0) children.push_back(child);
  }
  for (const pid_t child : children) ::kill(child, SIGKILL);
  for (const pid_t child : children) ::waitpid(child, nullptr, 0);
  std::printf("%zu %s\n", children.size(),
              refusal == 0 ? "ok" : probe::error_name(refusal).c_str());
  return refusal == 0 ? 0 : 4;
}
