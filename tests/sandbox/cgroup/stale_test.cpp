#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include <fstream>

#include "cgroup/group.h"
#include "sandbox/cgroup/here.h"
#include "sandbox/cgroup/member.h"
#include "support/host.h"
#include "sys/error.h"

namespace sandbox {
namespace {

using ::testing::IsEmpty;
using namespace testing;  // NOLINT(google-build-using-namespace): the project's own helpers

// The directories that a supervisor leaves which is killed while its group is up.
std::vector<std::string> leave_behind(const GroupSite& site, const std::string& run_id) {
  std::vector<std::string> left;
  for (const GroupPlace& place : site.places) {
    left.push_back(place.directory + "/sandbox-exec-" + run_id);
  }
  in_child([&] {
    const Group group = Group::create(site, {}, run_id, false);
    ::_exit(0);
    return 0;
  });
  return left;
}

TEST(Stale, GroupsOfAKilledSupervisorAreRemoved) {
  REQUIRE_MEMORY_GROUP();
  const OwnGround ground{"stale"};
  const GroupSite& site = ground.site;
  const auto left = leave_behind(site, run_id("stale"));
  for (const std::string& directory : left) ASSERT_TRUE(exists(directory));
  remove_stale_groups(site);
  for (const std::string& directory : left) EXPECT_FALSE(exists(directory));
}

TEST(Stale, GroupsMadeInsideGoToo) {
  REQUIRE_MEMORY_GROUP();
  const OwnGround ground{"stale"};
  const GroupSite& site = ground.site;
  const auto left = leave_behind(site, run_id("inside"));
  ASSERT_EQ(::mkdir((left.front() + "/a").c_str(), 0755), 0);
  remove_stale_groups(site);
  EXPECT_FALSE(exists(left.front()));
}

TEST(Stale, AGroupInUseStays) {
  REQUIRE_MEMORY_GROUP();
  const OwnGround ground{"stale"};
  const GroupSite& site = ground.site;
  const Group group = Group::create(site, {}, run_id("used"), false);
  remove_stale_groups(site);
  EXPECT_THAT(in_child([&] {
                remove_stale_groups(site);
                return 0;
              }),
              0);
  for (const std::string& directory : group.directories()) EXPECT_TRUE(exists(directory));
}

TEST(Stale, AGroupWhoseProcessesAreStillDyingStays) {
  REQUIRE_MEMORY_GROUP();
  const OwnGround ground{"stale"};
  const GroupSite& site = ground.site;
  std::optional<Group> group = Group::create(site, {}, run_id("dying"), false);
  Member member{*group, [] {
                  for (;;) ::pause();
                  return 0;
                }};
  const auto directories = group->directories();
  group.reset();  // waits in vain, and lets go of the lock
  remove_stale_groups(site);
  for (const std::string& directory : directories) EXPECT_TRUE(exists(directory));
  member.kill();
  member.wait();
  remove_stale_groups(site);
  for (const std::string& directory : directories) EXPECT_FALSE(exists(directory));
}

// As a supervisor leaves it that is killed in the middle of removing.
TEST(Stale, AHalfRemovedGroupIsRemovedInEveryHierarchy) {
  REQUIRE_LAYOUT(v1);
  REQUIRE_MEMORY_GROUP();
  const OwnGround ground{"stale"};
  const GroupSite& site = ground.site;
  const auto left = leave_behind(site, run_id("half"));
  ASSERT_EQ(::rmdir(left.back().c_str()), 0);
  remove_stale_groups(site);
  for (const std::string& directory : left) EXPECT_FALSE(exists(directory));
}

TEST(Stale, TheFirstHierarchyIsMadeFirstAndRemovedLast) {
  REQUIRE_LAYOUT(v1);
  REQUIRE_MEMORY_GROUP();
  const OwnGround ground{"stale"};
  const GroupSite& site = ground.site;
  Group group = Group::create(site, {}, run_id("order"), false);
  const auto directories = group.directories();
  EXPECT_EQ(directories.front(), directory_of(site, group, "memory"));
  Member member{group, [] {
                  for (;;) ::pause();
                  return 0;
                }};
  const auto warnings = group.remove();
  ASSERT_EQ(warnings.size(), directories.size());
  EXPECT_THAT(warnings.back(), ::testing::HasSubstr(directories.front() + ":"));
  member.kill();
  member.wait();
  remove_stale_groups(site);
}

// A dying process can be gone by the time that the first hierarchy is looked at.
TEST(Stale, TheFirstHierarchyWaitsForTheOthers) {
  REQUIRE_LAYOUT(v1);
  REQUIRE_MEMORY_GROUP();
  const OwnGround ground{"stale"};
  const GroupSite& site = ground.site;
  const auto left = leave_behind(site, run_id("waits"));
  ASSERT_GT(left.size(), 1U);
  const pid_t member = ::fork();
  if (member == 0) {
    for (;;) ::pause();
  }
  std::ofstream{left.back() + "/cgroup.procs"} << member << std::flush;
  remove_stale_groups(site);
  EXPECT_TRUE(exists(left.front()));
  ::kill(member, SIGKILL);
  ::waitpid(member, nullptr, 0);
  remove_stale_groups(site);
  for (const std::string& directory : left) EXPECT_FALSE(exists(directory));
}

TEST(Stale, OtherNamesStay) {
  REQUIRE_MEMORY_GROUP();
  const OwnGround ground{"stale"};
  const GroupSite& site = ground.site;
  const std::string other = site.places.front().directory + "/sandbox-exec.test-other";
  ASSERT_EQ(::mkdir(other.c_str(), 0755), 0);
  remove_stale_groups(site);
  EXPECT_TRUE(exists(other));
  EXPECT_EQ(::rmdir(other.c_str()), 0);
}

TEST(Stale, ATakenNameIsNotUsedAgain) {
  REQUIRE_MEMORY_GROUP();
  const OwnGround ground{"stale"};
  const GroupSite& site = ground.site;
  const auto left = leave_behind(site, run_id("taken"));
  {
    const Group group = Group::create(site, {}, run_id("taken"), false);
    EXPECT_EQ(group.directories().front(), left.front() + "-2");
  }
  remove_stale_groups(site);
}

// Each creator's groups must be there, with their files, for as long as it holds them.
int create_and_check(const GroupSite& site, const std::string& name, int rounds) {
  try {
    for (int round = 0; round < rounds; ++round) {
      Group group = Group::create(site, {}, run_id(name), false);
      if (group.layout() == Layout::none) return 1;
      for (const std::string& directory : group.directories()) {
        if (!exists(directory + "/cgroup.procs")) return 2;
      }
      Member member{group, [] { return 0; }};
      if (!exited_with(member.wait(), 0)) return 3;
      if (!group.remove().empty()) return 4;
    }
    return 0;
  } catch (const Error&) {
    return 5;
  }
}

TEST(Stale, TwoCreatorsSurviveARemoverAtWork) {
  REQUIRE_MEMORY_GROUP();
  const OwnGround ground{"stale"};
  const GroupSite& site = ground.site;
  const pid_t remover = ::fork();
  if (remover == 0) {
    for (;;) remove_stale_groups(site);
  }
  const pid_t other = ::fork();
  if (other == 0) ::_exit(create_and_check(site, "race-b", 300));
  EXPECT_EQ(create_and_check(site, "race-a", 300), 0);
  int status = -1;
  ASSERT_EQ(::waitpid(other, &status, 0), other);
  EXPECT_TRUE(exited_with(status, 0)) << WEXITSTATUS(status);
  ::kill(remover, SIGKILL);
  ::waitpid(remover, nullptr, 0);
}

}  // namespace
}  // namespace sandbox
