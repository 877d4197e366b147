// What the probes share: bounded numbers from the command line, a bounded life, errno names.
#pragma once

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace probe {

// A misused probe ends with this, so that a test never takes it for a result.
inline constexpr int kMisused = 99;

[[noreturn]] inline void misused(const char* usage) {
  std::fprintf(stderr, "usage: %s\n", usage);
  std::exit(kMisused);
}

inline std::string error_name(int error) {
  const char* name = ::strerrorname_np(error);
  return name != nullptr ? name : std::to_string(error);
}

// Prints "WHAT: EPERM" on stderr and ends with 1.
[[noreturn]] inline void fail(const std::string& what) {
  std::fprintf(stderr, "%s: %s\n", what.c_str(), error_name(errno).c_str());
  std::exit(1);
}

inline double number(const char* text, double most, const char* usage) {
  char* end = nullptr;
  const double value = std::strtod(text, &end);
  if (end == text || *end != '\0' || value < 0 || value > most) misused(usage);
  return value;
}

// No probe outlives a broken sandbox for long: SIGALRM ends it and is not caught. Not inherited
// over fork, so every child calls it too.
inline void live_at_most(unsigned seconds) {
  ::alarm(seconds);
}

// "SEGV" or "SIGSEGV" or "11"; 0 where there is no such signal.
inline int signal_number(std::string_view name) {
  if (name.substr(0, 3) == "SIG") name.remove_prefix(3);
  for (int number = 1; number < NSIG; ++number) {
    const char* known = ::sigabbrev_np(number);
    if ((known != nullptr && name == known) || name == std::to_string(number)) return number;
  }
  return 0;
}

// Whether process 1 here is a sandbox's init and our parent: what harms process 1 must not run
// elsewhere.
inline bool parent_is_a_sandbox_init() {
  constexpr ino_t kInitialPidNamespace = 0xEFFFFFFC;  // include/linux/proc_ns.h
  struct stat own {};
  return ::getppid() == 1 && ::stat("/proc/self/ns/pid", &own) == 0 &&
         own.st_ino != kInitialPidNamespace;
}

inline void say(const char* word) {
  std::puts(word);
  std::fflush(stdout);
}

}  // namespace probe
