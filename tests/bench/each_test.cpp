// bench-each-test AT_ONCE COUNT COMMAND...: runs COMMAND once for each of the first COUNT TESTs of
// bench-tests
// (--gtest_filter), so many at once; prints the seconds.
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "process.h"
#include "sys/unique_fd.h"

namespace bench {
namespace {

struct Running {
  pid_t pid;
  sandbox::UniqueFd pidfd;
};

void await_one(std::vector<Running>& running, const Command& command) {
  std::vector<pollfd> ends;
  for (const Running& one : running) ends.push_back({one.pidfd.get(), POLLIN, 0});
  ::poll(ends.data(), ends.size(), -1);
  for (std::size_t i = ends.size(); i-- > 0;) {
    if (ends[i].revents == 0) continue;
    int status = -1;
    ::waitpid(running[i].pid, &status, 0);
    expect_success(command, status);
    running.erase(running.begin() + static_cast<long>(i));
  }
}

double run_each(std::size_t at_once, int count, const Command& command) {
  const auto begin = std::chrono::steady_clock::now();
  std::vector<Running> running;
  for (int i = 0; i < count || !running.empty();) {
    if (i == count || running.size() == at_once) {
      await_one(running, command);
      continue;
    }
    Command words = command;
    words.push_back("--gtest_filter=All/Many.Compute/" + std::to_string(i++));
    const pid_t pid = start(words);
    running.push_back(
        {pid, sandbox::UniqueFd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))}});
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  if (argc < 4) {
    (void)std::fputs("usage: bench-each-test AT_ONCE COUNT COMMAND...\n", stderr);
    return 2;
  }
  try {
    const bench::Command command(argv + 3, argv + argc);
    const auto at_once = static_cast<std::size_t>(std::max(std::atoi(argv[1]), 1));
    std::printf("%.6f\n", bench::run_each(at_once, std::atoi(argv[2]), command));
    return 0;
  } catch (const std::exception& error) {
    (void)std::fprintf(stderr, "bench-each-test: %s\n", error.what());
    return 1;
  }
}
