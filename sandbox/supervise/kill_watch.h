// Who inside sent SIGKILL to whom: the reading end of the filter's SECCOMP_RET_USER_NOTIF
// (seccomp_unotify(2)).
#pragma once

#include <sys/types.h>

#include <optional>
#include <set>

namespace sandbox {

class KillObserver {
 public:
  // Takes the next call that waits, notes its target and lets it go on as it was made. nullopt when
  // none waits; never blocks.
  std::optional<pid_t> let_pass(int listener);

  // Whether no call can come any more: the last process under the filter has gone.
  static bool has_ended(int listener);

  // Whether one of the SIGKILLs may have reached the process that is `pid` inside: by its number,
  // its group's, or everybody's. Asked at the end, since the first may come before that number is
  // known (< 0).
  bool may_have_killed(pid_t pid) const;
  // Whether one of them named it or its group: else a thread's number, a pidfd or another group was
  // meant.
  bool named(pid_t pid) const;

 private:
  std::set<pid_t> targets_;
};

}  // namespace sandbox
