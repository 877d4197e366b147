#include "spawner/callers_world.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "sys/error.h"

extern char** environ;

namespace sandbox {
namespace {

void replace(int fd, int by) {
  if (::dup2(by, fd) < 0) throw Error{"cannot pass on a standard descriptor", errno};
}

}  // namespace

CallersWorld::CallersWorld(const wire::Start& start) {
  replace(STDIN_FILENO, start.in.get());
  replace(STDOUT_FILENO, start.out.get());
  replace(STDERR_FILENO, start.error.get());
  if (::fchdir(start.cwd.get()) < 0) throw Error{"cannot go to the caller's directory", errno};
  ::umask(start.caller.umask);
  for (const std::string& entry : start.caller.environment) {
    environment_.push_back(const_cast<char*>(entry.c_str()));
  }
  environment_.push_back(nullptr);
  environ = environment_.data();
}

void leave_world() {
  static char* none[] = {nullptr};
  environ = none;
  (void)!::chdir("/");
  const UniqueFd nothing{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nothing.get(), fd);
}

}  // namespace sandbox
