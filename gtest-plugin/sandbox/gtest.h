// For TESTs that run in sandbox-exec: what they have used, and what they may use. docs/gtest.md.
//
//   TEST(Cache, Evicts) {
//     SANDBOX_MEMORY_BUDGET(64_MiB);
//     SANDBOX_NO_LEAKS();
//     …
//   }
//
// Outside a sandbox nothing is checked, which one line on stderr says. C++14.
#pragma once

#include <cstdint>

namespace sandbox {

// What the TEST that runs has used so far: its own process and all others of the sandbox, counted
// by its control group (docs/channel.md). Of a figure that is unknown, -1.
struct TestUsage {
  bool known = false;  // false: not in a sandbox, or not in a TEST
  double wall_seconds = -1;
  double cpu_user_seconds = -1;
  double cpu_system_seconds = -1;
  double cpu_throttled_seconds = -1;
  std::int64_t memory_peak_bytes = -1;
  bool memory_peak_cumulative = false;          // the peak is the program's so far, not this TEST's
  std::int64_t memory_grown_bytes = INT64_MIN;  // unknown; less than 0: it has shrunk
  std::int64_t oom_kills = -1;
};

__attribute__((visibility("default"))) TestUsage usage();

namespace literals {

constexpr std::uint64_t operator""_KiB(unsigned long long count) {
  return std::uint64_t{count} << 10;
}
constexpr std::uint64_t operator""_MiB(unsigned long long count) {
  return std::uint64_t{count} << 20;
}
constexpr std::uint64_t operator""_GiB(unsigned long long count) {
  return std::uint64_t{count} << 30;
}

}  // namespace literals

namespace internal {

__attribute__((visibility("default"))) void set_memory_budget(std::uint64_t bytes, const char* file,
                                                              int line);
__attribute__((visibility("default"))) void forbid_leaks(const char* file, int line);

}  // namespace internal
}  // namespace sandbox

// The TEST fails, here, if by its end its memory peak is above `bytes`. Where the kernel cannot
// tell the TEST's own peak (cgroup v2 before Linux 6.12), its growth is compared.
#define SANDBOX_MEMORY_BUDGET(bytes)                                     \
  do {                                                                   \
    using namespace ::sandbox::literals;                                 \
    ::sandbox::internal::set_memory_budget((bytes), __FILE__, __LINE__); \
  } while (false)

// The TEST fails, here, if processes, threads or descriptors are left at its end.
#define SANDBOX_NO_LEAKS() ::sandbox::internal::forbid_leaks(__FILE__, __LINE__)
