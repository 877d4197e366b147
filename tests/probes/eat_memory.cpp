// eat-memory MIB [--child|--child-ok|--hold SECONDS]: touches MIB MiB, 2048 at most.
//   --child     a forked child does, then main ends with 3
//   --child-ok  the same, but main ends with 0
//   --hold      keeps them for so long; says "ready" first
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>

#include "probe.h"

namespace {

constexpr auto kUsage = "eat-memory MIB [--child|--child-ok|--hold SECONDS]";
constexpr std::size_t kMiB = 1024 * 1024;

// The probe's own guard: without a cap around it, it gets no more than it asked for.
void guard(std::size_t mib) {
  const rlim_t most = (mib + 128) * kMiB;
  const rlimit limit{most, most};
  if (::setrlimit(RLIMIT_AS, &limit) != 0) probe::fail("setrlimit(RLIMIT_AS)");
}

void touch(std::size_t mib) {
  for (std::size_t done = 0; done < mib; ++done) {
    auto* block = static_cast<char*>(std::malloc(kMiB));
    if (block == nullptr) probe::fail("malloc");
    std::memset(block, 0x5a, kMiB);
    // Read back through volatile: the compiler must not drop the writes.
    if (*const_cast<volatile char*>(block) != 0x5a) std::abort();
  }
}

void touch_in_child(std::size_t mib) {
  const pid_t child = ::fork();
  if (child < 0) probe::fail("fork");
  if (child == 0) {
    touch(mib);
    ::_exit(0);
  }
  int status = 0;
  if (::waitpid(child, &status, 0) < 0) probe::fail("waitpid");
  std::printf("child %s\n", WIFSIGNALED(status) ? "killed" : "ended");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) probe::misused(kUsage);
  const auto mib = static_cast<std::size_t>(probe::number(argv[1], 2048, kUsage));
  const std::string_view mode = argc > 2 ? argv[2] : "";
  probe::live_at_most(120);
  guard(mib);
  if (mode == "--child" || mode == "--child-ok") {
    touch_in_child(mib);
    return mode == "--child" ? 3 : 0;
  }
  touch(mib);
  if (mode == "--hold" && argc == 4) {
    probe::say("ready");
    ::usleep(static_cast<useconds_t>(probe::number(argv[3], 60, kUsage) * 1e6));
  }
  return 0;
}
