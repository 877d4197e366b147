// use-cpu SECONDS [alone|threads|children|unwaited|orphans]: uses so much CPU time, fractions
// allowed, and prints what all its parts used, each by its own clock at its end.
//   threads   two, half each
//   children  two, waited for
//   unwaited  two, not waited for: they are still zombies when it ends
//   orphans   two whose parent has ended at once
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string_view>
#include <thread>

namespace {

double used(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

void burn(clockid_t clock, double seconds) {
  while (used(clock) < seconds) {
    for (int i = 0; i < 1000; ++i) asm volatile("");  // keeps the loop
  }
}

void burn_in_threads(double seconds) {
  std::thread other{burn, CLOCK_THREAD_CPUTIME_ID, seconds / 2};
  burn(CLOCK_THREAD_CPUTIME_ID, seconds / 2);
  other.join();
}

// Tells its own use through the pipe.
pid_t start_child(double seconds, int result) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  burn(CLOCK_PROCESS_CPUTIME_ID, seconds);
  const double own = used(CLOCK_PROCESS_CPUTIME_ID);
  ::_exit(::write(result, &own, sizeof own) == sizeof own ? 0 : 1);
}

void start_orphans(double seconds, int result) {
  const pid_t parent = ::fork();
  if (parent == 0) {
    start_child(seconds / 2, result);
    start_child(seconds / 2, result);
    ::_exit(0);
  }
  ::waitpid(parent, nullptr, 0);
}

// The sum of what the two used, or less than nothing.
double burn_in_children(double seconds, std::string_view how) {
  int ends[2];
  if (::pipe(ends) != 0) return -1;
  if (how == "orphans") {
    start_orphans(seconds, ends[1]);
  } else {
    start_child(seconds / 2, ends[1]);
    start_child(seconds / 2, ends[1]);
  }
  double sum = 0;
  for (int child = 0; child < 2; ++child) {
    double one = 0;
    if (::read(ends[0], &one, sizeof one) != sizeof one) return -1;
    sum += one;
  }
  while (how == "children" && ::wait(nullptr) > 0) {
  }
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view how = argc > 2 ? argv[2] : "alone";
  const bool forks = how == "children" || how == "unwaited" || how == "orphans";
  if (argc < 2 || argc > 3 || (!forks && how != "alone" && how != "threads")) {
    std::fprintf(stderr, "usage: use-cpu SECONDS [alone|threads|children|unwaited|orphans]\n");
    return 2;
  }
  const double seconds = std::atof(argv[1]);
  double of_children = 0;
  if (forks) of_children = burn_in_children(seconds, how);
  if (how == "alone") burn(CLOCK_PROCESS_CPUTIME_ID, seconds);
  if (how == "threads") burn_in_threads(seconds);
  if (of_children < 0) return 1;
  std::printf("%.6f\n", used(CLOCK_PROCESS_CPUTIME_ID) + of_children);
  return 0;
}
