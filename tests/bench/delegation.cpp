#include "delegation.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <thread>

#include "floor/host.h"

namespace bench {
namespace {

void check(long result, const std::string& attempt) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), attempt);
}

void write_file(const std::string& path, const char* content) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  check(fd, path);
  const ssize_t written = ::write(fd, content, std::strlen(content));
  const int error = errno;
  ::close(fd);
  errno = error;
  check(written, path);
}

// bubblewrap ends before its own PID 1 is gone; v1 tells nobody when a group became empty.
void remove(const std::string& directory) {
  constexpr int kAttempts = 2000;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (::rmdir(directory.c_str()) == 0 || errno != EBUSY) return;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  std::perror(directory.c_str());
}

}  // namespace

Delegation::Delegation(uid_t uid) : uid_(uid) {
  const std::string name = "/sandbox-bench-" + std::to_string(::getpid());
  for (const auto& place : floor_bench::read_host().groups) {
    const std::string made = place.directory + name;
    if (!place.controller.empty()) {
      make_group(made);
      doors_.push_back(made + "/tasks");
      continue;
    }
    // v2: a group either holds processes or gives controllers to its children.
    constexpr const char* controllers = "+memory +cpu +pids";
    write_file(place.directory + "/cgroup.subtree_control", controllers);
    make_group(made);
    write_file(made + "/cgroup.subtree_control", controllers);
    make_group(made + "/leaf");
    doors_.push_back(made + "/leaf/cgroup.procs");
  }
}

void Delegation::make_group(const std::string& directory) {
  check(::mkdir(directory.c_str(), 0755), directory);
  directories_.push_back(directory);
  for (const char* file : {"", "/tasks", "/cgroup.procs", "/cgroup.subtree_control"}) {
    const std::string path = directory + file;
    if (::access(path.c_str(), F_OK) == 0) check(::chown(path.c_str(), uid_, uid_), path);
  }
}

Delegation::~Delegation() {
  for (auto made = directories_.rbegin(); made != directories_.rend(); ++made) remove(*made);
}

void Delegation::join() const {
  for (const std::string& door : doors_) write_file(door, "0");
  check(::setgroups(0, nullptr), "setgroups");
  check(::setresgid(uid_, uid_, uid_), "setresgid");
  check(::setresuid(uid_, uid_, uid_), "setresuid");
}

}  // namespace bench
