#include "process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <system_error>

namespace bench {
namespace {

// stdin is the caller's own; stderr stays, so that a failure is seen.
const posix_spawn_file_actions_t& quiet() {
  static const auto actions = [] {
    posix_spawn_file_actions_t made;
    ::posix_spawn_file_actions_init(&made);
    ::posix_spawn_file_actions_addopen(&made, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    return made;
  }();
  return actions;
}

double microseconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
}

}  // namespace

pid_t start(const Command& command) {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, argv[0], &quiet(), nullptr, argv.data(), environ);
  if (error) throw std::system_error(error, std::generic_category(), command.front());
  return pid;
}

void expect_success(const Command& command, int status) {
  if (status == 0) return;
  throw std::runtime_error(command.front() + " ended with wait status " + std::to_string(status));
}

Took time_one(const Command& command) {
  const auto before = std::chrono::steady_clock::now();
  const pid_t pid = start(command);
  int status = -1;
  rusage usage{};
  ::wait4(pid, &status, 0, &usage);
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - before;
  expect_success(command, status);
  return {took.count(), microseconds(usage.ru_utime) + microseconds(usage.ru_stime)};
}

}  // namespace bench
