#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/xattr.h>

#include "cgroup/group.h"
#include "sandbox/cgroup/here.h"
#include "sandbox/cgroup/member.h"
#include "support/host.h"
#include "sys/error.h"

namespace sandbox {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the project's own helpers

// A group delegated to us from which a run's group cannot go up, since it has a limit of its own.
Group delegated_group() {
  Limits limits;
  limits.pids = 500;
  Group group = Group::create(site_here(), limits, run_id("delegated"), false);
  if (::geteuid() == 0) {
    EXPECT_EQ(::setxattr(group.directories()[0].c_str(), "user.delegate", "1", 1, 0), 0);
  }
  return group;
}

std::string processes_in(const std::string& directory) {
  return text_of(directory + "/cgroup.procs");
}

// What a run does there: 0, or the number of the step that failed.
int prepare_and_cap() {
  try {
    const GroupSite found = find_site(read_cgroup_view());
    if (!found.has("memory")) return 1;
    const GroupSite site = prepare_site(found);
    if (site.move_to_leaf || !site.to_enable.empty()) return 2;
    const Group group = Group::create(site, memory_cap(64 * kMiB), run_id("in-leaf"), false);
    if (text_of(group.directories()[0] + "/memory.max") != "67108864") return 3;
    Member member{group, [] { return 7; }};
    return exited_with(member.wait(), 7) ? 0 : 4;
  } catch (const Error&) {
    return 5;
  }
}

TEST(Leaf, EveryProcessOfADelegatedGroupIsMovedAndCapsHoldThere) {
  REQUIRE_LAYOUT(v2);
  REQUIRE_MEMORY_GROUP();
  const Group delegated = delegated_group();
  const std::string& directory = delegated.directories()[0];
  Member bystander{delegated, [] {
                     for (;;) ::pause();
                     return 0;
                   }};
  Member runner{delegated, [&] {
                  const GroupSite found = find_site(read_cgroup_view());
                  if (!found.move_to_leaf || found.places[0].directory != directory) return 10;
                  return prepare_and_cap();
                }};
  const int status = runner.wait();
  EXPECT_TRUE(exited_with(status, 0)) << "step " << WEXITSTATUS(status);
  EXPECT_EQ(processes_in(directory), "");
  EXPECT_EQ(processes_in(directory + "/sandbox-exec.leaf"), std::to_string(bystander.pid()));
  EXPECT_EQ(text_of(directory + "/cgroup.subtree_control"), "cpu memory pids");
}

TEST(Leaf, TheNextRunFindsThePlacePrepared) {
  REQUIRE_LAYOUT(v2);
  REQUIRE_MEMORY_GROUP();
  const Group delegated = delegated_group();
  const std::string& directory = delegated.directories()[0];
  Member runner{delegated, [&] {
                  if (prepare_and_cap() != 0) return 20;
                  const GroupSite again = find_site(read_cgroup_view());
                  if (again.move_to_leaf || !again.to_enable.empty()) return 21;
                  if (again.places[0].directory != directory) return 22;
                  return prepare_and_cap();
                }};
  const int status = runner.wait();
  EXPECT_TRUE(exited_with(status, 0)) << "step " << WEXITSTATUS(status);
}

TEST(Leaf, TwoThatStartAtOnceBothSucceed) {
  REQUIRE_LAYOUT(v2);
  REQUIRE_MEMORY_GROUP();
  for (int round = 0; round < 5; ++round) {
    const Group delegated = delegated_group();
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd gate{ends[0]};
    UniqueFd closed_gate{ends[1]};
    const auto behind_the_gate = [&] {
      closed_gate.reset();
      char nothing = 0;
      (void)!::read(gate.get(), &nothing, 1);
      return prepare_and_cap();
    };
    Member first{delegated, behind_the_gate};
    Member second{delegated, behind_the_gate};
    closed_gate.reset();
    for (Member* member : {&first, &second}) {
      const int status = member->wait();
      EXPECT_TRUE(exited_with(status, 0)) << "step " << WEXITSTATUS(status);
    }
  }
}

TEST(Leaf, WhileTheGroupHoldsProcessesACapIsRefusedAndNothingTurnedOn) {
  REQUIRE_LAYOUT(v2);
  REQUIRE_MEMORY_GROUP();
  const Group delegated = delegated_group();
  Member runner{delegated, [] {
                  GroupSite site = find_site(read_cgroup_view());
                  if (!site.move_to_leaf) return 1;
                  // Alone it would be accepted, and would turn the group into a threaded one.
                  site.to_enable = {"pids"};
                  try {
                    Group::create(site, memory_cap(64 * kMiB), run_id("unprepared"), false);
                  } catch (const Error& error) {
                    const std::string said = error.what();
                    return said.find("holds processes") == std::string::npos ? 2 : 0;
                  }
                  return 3;
                }};
  const int status = runner.wait();
  EXPECT_TRUE(exited_with(status, 0)) << "step " << WEXITSTATUS(status);
  EXPECT_EQ(text_of(delegated.directories()[0] + "/cgroup.type"), "domain");
  EXPECT_EQ(text_of(delegated.directories()[0] + "/cgroup.subtree_control"), "");
}

TEST(Leaf, RootInAPrivateCgroupNamespaceOwnsItsGroup) {
  REQUIRE_ROOT();
  REQUIRE_LAYOUT(v2);
  REQUIRE_MEMORY_GROUP();
  const Group delegated = delegated_group();
  ASSERT_EQ(::removexattr(delegated.directories()[0].c_str(), "user.delegate"), 0);
  Member container{delegated, [] {
                     if (::unshare(CLONE_NEWCGROUP | CLONE_NEWNS) != 0) return 30;
                     if (::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 31;
                     if (::umount2("/sys/fs/cgroup", MNT_DETACH) != 0) return 32;
                     if (::mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, nullptr) != 0)
                       return 33;
                     if (!find_site(read_cgroup_view()).move_to_leaf) return 34;
                     return prepare_and_cap();
                   }};
  const int status = container.wait();
  EXPECT_TRUE(exited_with(status, 0)) << "step " << WEXITSTATUS(status);
}

}  // namespace
}  // namespace sandbox
