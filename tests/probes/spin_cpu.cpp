// spin-cpu SECONDS [--threads N|--children N]: burns CPU for so much wall clock, 60 s and 16 at
// most; then prints the CPU seconds that it and its children used.
#include <sys/resource.h>
#include <sys/wait.h>

#include <chrono>
#include <thread>
#include <vector>

#include "probe.h"

namespace {

constexpr auto kUsage = "spin-cpu SECONDS [--threads N|--children N]";
using Clock = std::chrono::steady_clock;

void spin_until(Clock::time_point end) {
  while (Clock::now() < end) {
    for (int i = 0; i < 10000; ++i) asm volatile("");  // keeps the loop
  }
}

void spin_threads(int count, Clock::time_point end) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back(spin_until, end);
  for (auto& thread : threads) thread.join();
}

void spin_children(int count, Clock::time_point end) {
  for (int i = 0; i < count; ++i) {
    const pid_t child = ::fork();
    if (child < 0) probe::fail("fork");
    if (child == 0) {
      spin_until(end);
      ::_exit(0);
    }
  }
  while (::wait(nullptr) > 0) {
  }
}

double used(int who) {
  rusage usage{};
  ::getrusage(who, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 4) probe::misused(kUsage);
  const double seconds = probe::number(argv[1], 60, kUsage);
  const int count = argc == 4 ? static_cast<int>(probe::number(argv[3], 16, kUsage)) : 1;
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                      std::chrono::duration<double>(seconds));
  probe::live_at_most(120);
  if (argc == 4 && std::string_view(argv[2]) == "--children") {
    spin_children(count, end);
  } else {
    spin_threads(count, end);
  }
  std::printf("%.3f\n", used(RUSAGE_SELF) + used(RUSAGE_CHILDREN));
  return 0;
}
