// Runs something in a child process under a filter: the kernel is the oracle.
#pragma once

#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <span>

#include "seccomp/profile.h"
#include "sys/unique_fd.h"

namespace sandbox::test {

// Loads the filter into this process; the listener's fd with SECCOMP_FILTER_FLAG_NEW_LISTENER, else
// 0. -1 with errno set on failure.
inline int load(std::span<const sock_filter> filter, unsigned flags = 0) {
  const sock_fprog program{static_cast<unsigned short>(filter.size()),
                           const_cast<sock_filter*>(filter.data())};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  return static_cast<int>(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program));
}

// How the child ended: `result` is what `attempt` returned, unless a signal ended it.
struct End {
  int result = -1;
  int signal = 0;
  bool operator==(const End&) const = default;
};

// A session of its own, so that nothing tried can reach the caller's terminal; an alarm, so that
// nothing hangs. An empty filter means none.
inline End under(std::span<const sock_filter> filter, const std::function<int()>& attempt) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setsid();
    ::alarm(20);
    if (!filter.empty() && load(filter) != 0) ::_exit(254);
    try {
      ::_exit(attempt());
    } catch (...) {
      ::_exit(253);  // else the test framework would go on in the child
    }
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return {};
  if (WIFSIGNALED(status)) return {-1, WTERMSIG(status)};
  return {WEXITSTATUS(status), 0};
}

// errno of a raw system call, or 0 when it succeeded.
template <typename... Arguments>
int attempt(long number, Arguments... arguments) {
  return ::syscall(number, arguments...) == -1 ? errno : 0;
}

#if defined(__x86_64__)
// The same through the i386 table, which a 64-bit program reaches too.
inline int attempt_int80(int number, std::uint32_t a = 0, std::uint32_t b = 0, std::uint32_t c = 0,
                         std::uint32_t d = 0, std::uint32_t e = 0) {
  long result = number;
  asm volatile("int $0x80"
               : "+a"(result)
               : "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
               : "memory", "r8", "r9", "r10", "r11");
  const int value = static_cast<int>(result);
  return value < 0 && value > -4096 ? -value : 0;
}

// Number 20 is getpid there, and writev in the 64-bit table.
inline bool has_i386_table() {
  return under({}, [] { return attempt_int80(20, ~0u, ~0u, ~0u); }) == End{0};
}
#endif

}  // namespace sandbox::test
