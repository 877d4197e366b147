#include "delegation.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "floor/host.h"

namespace bench {
namespace {

void check(long result, const std::string& attempt) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), attempt);
}

}  // namespace

Delegation::Delegation(uid_t uid) : uid_(uid) {
  for (const auto& place : floor_bench::read_host().groups) {
    if (place.controller.empty()) return;
    const std::string made = place.directory + "/sandbox-bench-" + std::to_string(::getpid());
    check(::mkdir(made.c_str(), 0755), made);
    directories_.push_back(made);
    for (const char* file : {"", "/tasks", "/cgroup.procs"}) {
      check(::chown((made + file).c_str(), uid, uid), made + file);
    }
  }
}

Delegation::~Delegation() {
  for (const std::string& directory : directories_) ::rmdir(directory.c_str());
}

void Delegation::join() const {
  for (const std::string& directory : directories_) {
    const std::string tasks = directory + "/tasks";
    const int fd = ::open(tasks.c_str(), O_WRONLY | O_CLOEXEC);
    check(fd, tasks);
    check(::write(fd, "0", 1), tasks);
    ::close(fd);
  }
  check(::setgroups(0, nullptr), "setgroups");
  check(::setresgid(uid_, uid_, uid_), "setresgid");
  check(::setresuid(uid_, uid_, uid_), "setresuid");
}

}  // namespace bench
