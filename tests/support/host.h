// What a test needs of the host. Where it is lacking the test is skipped and says why; in a world
// that must have it (SANDBOX_TEST_WORLD, set by the script that runs the tests there) it fails.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <string>
#include <string_view>

#include "cgroup/hierarchies.h"
#include "cgroup/site.h"

namespace sandbox::testing {

// v1-root: root on cgroup v1 or hybrid. v1-user: an ordinary user there, without any group.
// v2-root: root on cgroup v2. v2-user: an ordinary user there, in a group delegated to it.
inline constexpr std::string_view kWorlds[] = {"v1-root", "v1-user", "sudo", "v2-root", "v2-user"};

inline std::string_view world() {
  const char* name = std::getenv("SANDBOX_TEST_WORLD");
  return name ? name : "";
}

inline bool world_is_one_of(std::initializer_list<std::string_view> worlds) {
  return std::find(worlds.begin(), worlds.end(), world()) != worlds.end();
}

inline bool world_is_known() {
  return world().empty() ||
         std::find(std::begin(kWorlds), std::end(kWorlds), world()) != std::end(kWorlds);
}

inline Layout kernel_layout() {
  const CgroupView view = read_cgroup_view();
  if (!v1_hierarchies(view).empty()) return Layout::v1;
  return v2_hierarchy(view) ? Layout::v2 : Layout::none;
}

}  // namespace sandbox::testing

// REQUIRE_HOST(present, "why not", "v1-root", "v2-root"): the worlds are those that must have it.
#define REQUIRE_HOST(present, reason, ...)                                                     \
  if (!::sandbox::testing::world_is_known())                                                   \
    FAIL() << "SANDBOX_TEST_WORLD=" << ::sandbox::testing::world() << " is not in kWorlds";    \
  else if (const bool host_has_it = (present); host_has_it)                                    \
    ;                                                                                          \
  else if (::sandbox::testing::world_is_one_of({__VA_ARGS__}))                                 \
    FAIL() << "the world " << ::sandbox::testing::world() << " must have it, but: " << reason; \
  else                                                                                         \
    GTEST_SKIP() << "skipped: " << reason

#define REQUIRE_ROOT() REQUIRE_HOST(::geteuid() == 0, "needs root", "v1-root", "v2-root")

// REQUIRE_LAYOUT(v1), REQUIRE_LAYOUT(v2): which interface has the kernel's controllers.
#define REQUIRE_LAYOUT(wanted)                                                        \
  REQUIRE_HOST(::sandbox::testing::kernel_layout() == ::sandbox::Layout::wanted,      \
               "the controllers are not on cgroup " #wanted " here", #wanted "-root", \
               #wanted "-user")

// A group with the memory controller can be made here.
#define REQUIRE_MEMORY_GROUP()                                                                    \
  REQUIRE_HOST(::sandbox::find_site(::sandbox::read_cgroup_view()).has("memory"),                 \
               "no memory group: " << ::sandbox::find_site(::sandbox::read_cgroup_view()).reason, \
               "v1-root", "v2-root", "v2-user")
