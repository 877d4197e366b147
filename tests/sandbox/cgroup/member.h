// A process born into a group, by the way its layout has: v1 joins by itself, v2 is cloned there.
#pragma once

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <utility>

#include "cgroup/group.h"
#include "sys/unique_fd.h"

namespace sandbox::testing {

class Member {
 public:
  // Runs `body` in the group and exits with its result; the constructor returns once it is there.
  Member(const Group& group, const std::function<int()>& body) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return;
    UniqueFd ready{ends[0]};
    UniqueFd joined{ends[1]};
    pid_ = clone_into(group.clone_fd());
    if (pid_ == 0) {
      for (const int fd : group.join_fds()) {
        if (::write(fd, "0", 1) != 1) ::_exit(101);
      }
      joined.reset();
      ::_exit(body());
    }
    joined.reset();
    char nothing = 0;
    (void)!::read(ready.get(), &nothing, 1);
  }
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;
  ~Member() {
    if (pid_ <= 0) return;
    kill();
    (void)wait();
  }

  pid_t pid() const { return pid_; }
  void kill() const { ::kill(pid_, SIGKILL); }
  // As wait(2) has it.
  int wait() {
    int status = -1;
    if (pid_ > 0) ::waitpid(std::exchange(pid_, -1), &status, 0);
    return status;
  }

 private:
  static pid_t clone_into(int group) {
    clone_args args{};
    args.exit_signal = SIGCHLD;
    if (group >= 0) {
      args.flags = CLONE_INTO_CGROUP;
      args.cgroup = static_cast<__u64>(group);
    }
    return static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof args));
  }

  pid_t pid_ = -1;
};

// Runs `body` in a child that is in no group of ours and returns its wait status.
inline int in_child(const std::function<int()>& body) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(body());
  int status = -1;
  ::waitpid(pid, &status, 0);
  return status;
}

inline bool exited_with(int status, int code) {
  return WIFEXITED(status) && WEXITSTATUS(status) == code;
}

inline bool killed_by(int status, int signal) {
  return WIFSIGNALED(status) && WTERMSIG(status) == signal;
}

}  // namespace sandbox::testing
