// kill-init HOW: tries to end process 1 of its sandbox by kill, term, cpu-limit, memory-limit or
// ptrace; prints the call's result and, where process 1 is there 200 ms later, "alive". Only in a
// sandbox.
#include <sys/ptrace.h>
#include <sys/resource.h>

#include "probe.h"

namespace {

constexpr auto kUsage = "kill-init kill|term|cpu-limit|memory-limit|ptrace, in a sandbox only";

long limit_init(__rlimit_resource resource) {
  const rlimit none{0, 0};
  return ::prlimit(1, resource, &none, nullptr);
}

long try_to_end_init(std::string_view how) {
  if (how == "kill") return ::kill(1, SIGKILL);
  if (how == "term") return ::kill(1, SIGTERM);
  if (how == "cpu-limit") return limit_init(RLIMIT_CPU);
  if (how == "memory-limit") return limit_init(RLIMIT_AS);
  if (how == "ptrace") return ::ptrace(PTRACE_SEIZE, 1, nullptr, PTRACE_O_EXITKILL);
  probe::misused(kUsage);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 || !probe::parent_is_a_sandbox_init()) probe::misused(kUsage);
  const long result = try_to_end_init(argv[1]);
  std::printf("%s\n", result == 0 ? "ok" : probe::error_name(errno).c_str());
  std::fflush(stdout);
  ::usleep(200000);
  if (::kill(1, 0) == 0) probe::say("alive");
  return 0;
}
