// What a message and its answer between two processes cost at least: 1000 of them over a
// SOCK_SEQPACKET pair, each after $BENCH_TEST_US microseconds of CPU time. Prints microseconds
// each.
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace {

constexpr int kRounds = 1000;
constexpr std::size_t kAsked = 100;  // bytes, as the listener's
constexpr std::size_t kAnswered = 350;

long time_ns(clockid_t clock) {
  timespec now;
  ::clock_gettime(clock, &now);
  return now.tv_sec * 1'000'000'000L + now.tv_nsec;
}

[[noreturn]] void answer_all(int socket) {
  char text[kAnswered] = {};
  while (::recv(socket, text, sizeof text, 0) > 0) {
    if (::send(socket, text, kAnswered, 0) < 0) break;
  }
  ::_exit(0);
}

}  // namespace

int main() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) < 0) return 1;
  const pid_t other = ::fork();
  if (other == 0) {
    ::close(ends[0]);
    answer_all(ends[1]);
  }
  ::close(ends[1]);
  const char* const wanted = std::getenv("BENCH_TEST_US");
  const long work_ns = (wanted ? std::atol(wanted) : 0) * 1000;
  long spent_ns = 0;
  char text[kAnswered] = {};
  for (int i = 0; i < kRounds; ++i) {
    const long until = time_ns(CLOCK_THREAD_CPUTIME_ID) + work_ns;
    while (time_ns(CLOCK_THREAD_CPUTIME_ID) < until) {
    }
    const long asked = time_ns(CLOCK_MONOTONIC);
    if (::send(ends[0], text, kAsked, 0) < 0 || ::recv(ends[0], text, sizeof text, 0) < 0) return 1;
    spent_ns += time_ns(CLOCK_MONOTONIC) - asked;
  }
  ::close(ends[0]);
  ::waitpid(other, nullptr, 0);
  std::printf("%.1f\n", static_cast<double>(spent_ns) / kRounds / 1000);
}
