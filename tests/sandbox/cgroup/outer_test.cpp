#include <gtest/gtest.h>

#include "cgroup/group.h"
#include "sandbox/cgroup/here.h"
#include "sandbox/cgroup/member.h"
#include "support/host.h"

namespace sandbox {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the project's own helpers

TEST(OuterLimit, TheGroupAboveWhoseLimitKilledIsFound) {
  REQUIRE_MEMORY_GROUP();
  const GroupSite site = site_here();
  const Group outer = Group::create(site, memory_cap(32 * kMiB), run_id("outer"), false);
  const GroupSite inner_site = site_within(site, outer);
  const Group inner = Group::create(inner_site, memory_cap(128 * kMiB), run_id("inner"), false);
  EXPECT_NE(find_outer_memory_limit(inner_site).path, inner_site.places[0].group)
      << "not met as yet";

  Member hog{inner, [] {
               touch(256 * kMiB);
               return 0;
             }};
  EXPECT_TRUE(killed_by(hog.wait(), SIGKILL));

  const OuterLimit limit = find_outer_memory_limit(inner_site);
  EXPECT_EQ(limit.path, inner_site.places[0].group);
  EXPECT_EQ(limit.cap, 32 * kMiB);
  EXPECT_LT(limit.use.value_or(~0ull), 32 * kMiB);
  const GroupCounters counters = inner.read();
  EXPECT_EQ(counters.oom_kills, 1u);
  EXPECT_EQ(counters.oom_events.value_or(0), 0u) << "its own cap was not met";
  EXPECT_LT(counters.memory_peak.value_or(~0ull), 128 * kMiB);
}

TEST(OuterLimit, OfAGroupFurtherUpIsFound) {
  REQUIRE_MEMORY_GROUP();
  const GroupSite site = site_here();
  const Group outer = Group::create(site, memory_cap(32 * kMiB), run_id("far"), false);
  const GroupSite middle_site = site_within(site, outer);
  const Group middle = Group::create(middle_site, {}, run_id("middle"), false);
  const GroupSite inner_site = site_within(middle_site, middle);
  const Group inner = Group::create(inner_site, {}, run_id("inner"), false);
  Member hog{inner, [] {
               touch(256 * kMiB);
               return 0;
             }};
  EXPECT_TRUE(killed_by(hog.wait(), SIGKILL));
  EXPECT_EQ(find_outer_memory_limit(inner_site).path, middle_site.places[0].group);
}

TEST(OuterLimit, OurOwnCapIsNone) {
  REQUIRE_MEMORY_GROUP();
  const GroupSite site = site_here();
  const OuterLimit before = find_outer_memory_limit(site);
  const Group group = Group::create(site, memory_cap(32 * kMiB), run_id("own"), false);
  Member hog{group, [] {
               touch(256 * kMiB);
               return 0;
             }};
  hog.wait();
  EXPECT_EQ(find_outer_memory_limit(site).path, before.path);
}

TEST(OuterLimit, IsUnknownWithoutAMemoryGroup) {
  EXPECT_EQ(find_outer_memory_limit({}).path, "");
  EXPECT_FALSE(find_outer_memory_limit({}).cap);
}

}  // namespace
}  // namespace sandbox
