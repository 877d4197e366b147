#include "cgroup/site.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sandbox/cgroup/fake_tree.h"

namespace sandbox {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using testing::FakeGroup;
using testing::FakeTree;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

const std::vector<MountPoint> kV1Mounts = parse_mountinfo(
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
    "33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n"
    "39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n"
    "40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n");
const char* const kV1Own =
    "9:name=systemd:/\n8:pids:/\n5:devices:/\n4:memory:/api/7f\n2:cpuacct:/\n1:cpu:/\n0::/\n";
const std::vector<MountPoint> kV2Mount = parse_mountinfo(
    "28 18 0:24 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
const char* const kAll = "cpuset cpu io memory hugetlb pids\n";

FakeTree& add_v1_roots(FakeTree& tree, bool writable = true) {
  FakeGroup group;
  group.writable = writable;
  for (const char* name : {"cpu", "cpuacct", "pids", "memory/api/7f"}) {
    tree.add(std::string{"/sys/fs/cgroup/"} + name, group);
  }
  return tree;
}

FakeGroup root_group(const std::string& enabled) {
  FakeGroup group;
  group.controllers = kAll;
  group.subtree_control = enabled;
  group.type = "";
  group.procs = "1\n2\n";
  return group;
}

FakeGroup inner(const std::string& controllers, const std::string& enabled, uid_t owner,
                bool writable) {
  FakeGroup group;
  group.controllers = controllers;
  group.subtree_control = enabled;
  group.owner = owner;
  group.writable = writable;
  return group;
}

FakeGroup unwritable(FakeGroup group) {
  group.writable = false;
  return group;
}

FakeGroup with_processes(FakeGroup group) {
  group.procs = "71\n72\n";
  return group;
}

FakeGroup with_limit(FakeGroup group, const char* file, const char* value) {
  group.limits[file] = value;
  return group;
}

std::vector<std::string> directories(const GroupSite& site) {
  std::vector<std::string> found;
  for (const GroupPlace& place : site.places) found.push_back(place.directory);
  return found;
}

// An ordinary user, logged in by ssh on a distribution with systemd.
FakeTree login_session() {
  FakeTree tree;
  tree.add("/sys/fs/cgroup", unwritable(root_group("memory pids\n")));
  tree.add("/sys/fs/cgroup/user.slice", inner("memory pids\n", "memory pids\n", 0, false));
  tree.add("/sys/fs/cgroup/user.slice/user-1000.slice",
           inner("memory pids\n", "memory pids\n", 0, false));
  tree.add("/sys/fs/cgroup/user.slice/user-1000.slice/session-2.scope",
           with_processes(inner("memory pids\n", "", 0, false)));
  return tree;
}

CgroupView login_view(uid_t uid) {
  return {"0::/user.slice/user-1000.slice/session-2.scope\n", kV2Mount, uid, ""};
}

// --- v1

TEST(SiteV1, UsesTheOwnGroupOfEachSeparateHierarchy) {
  FakeTree tree;
  const GroupSite site = find_site({kV1Own, kV1Mounts, 0, ""}, add_v1_roots(tree));
  EXPECT_EQ(site.layout, Layout::v1);
  EXPECT_THAT(directories(site), ElementsAre("/sys/fs/cgroup/memory/api/7f", "/sys/fs/cgroup/cpu",
                                             "/sys/fs/cgroup/cpuacct", "/sys/fs/cgroup/pids"));
  EXPECT_EQ(site.places.front().path, "/api/7f");
  EXPECT_EQ(site.places.front().group, "/api/7f");
  EXPECT_EQ(site.reason, "");
  for (const char* name : {"memory", "cpu", "cpuacct", "pids"}) EXPECT_TRUE(site.has(name)) << name;
  EXPECT_FALSE(site.has("devices"));
}

TEST(SiteV1, TakesControllersMountedTogetherAsOnePlace) {
  FakeTree tree;
  tree.add("/sys/fs/cgroup/cpu,cpuacct/user.slice", {});
  tree.add("/sys/fs/cgroup/memory/user.slice", {});
  tree.add("/sys/fs/cgroup/pids/user.slice", {});
  const GroupSite site = find_site(
      {"11:memory:/user.slice\n9:cpu,cpuacct:/user.slice\n4:pids:/user.slice\n0::/user.slice\n",
       parse_mountinfo("30 25 0:26 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
                       "31 25 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
                       "32 25 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
                       "33 25 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"),
       0, ""},
      tree);
  EXPECT_THAT(directories(site), ElementsAre("/sys/fs/cgroup/memory/user.slice",
                                             "/sys/fs/cgroup/cpu,cpuacct/user.slice",
                                             "/sys/fs/cgroup/pids/user.slice"));
  EXPECT_THAT(site.places[1].controllers, ElementsAre("cpu", "cpuacct"));
}

TEST(SiteV1, FindsTheGroupWhereAContainerMountsOnlyItsOwnPart) {
  FakeTree tree;
  tree.add("/sys/fs/cgroup/memory", {});
  const GroupSite site =
      find_site({"4:memory:/docker/9c\n",
                 parse_mountinfo(
                     "31 25 0:27 /docker/9c /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"),
                 0, ""},
                tree);
  ASSERT_THAT(directories(site), ElementsAre("/sys/fs/cgroup/memory"));
  EXPECT_EQ(site.places[0].group, "/docker/9c");
  EXPECT_EQ(site.reason, "cpu, cpuacct, pids: the kernel has it switched off");
}

TEST(SiteV1, PrefersTheWritableOneOfTwoMounts) {
  FakeTree tree;
  tree.add("/ro/memory", {});
  tree.add("/rw/my memory", {});
  const std::string read_only = "31 25 0:27 / /ro/memory ro - cgroup cgroup rw,memory\n";
  const std::string writable = "32 25 0:27 / /rw/my\\040memory rw - cgroup cgroup rw,memory\n";
  for (const std::string& mounts : {read_only + writable, writable + read_only}) {
    EXPECT_THAT(directories(find_site({"4:memory:/\n", parse_mountinfo(mounts), 0, ""}, tree)),
                ElementsAre("/rw/my memory"));
  }
}

TEST(SiteV1, TellsAnOrdinaryUserWhoseGroupItIs) {
  FakeTree tree;
  const GroupSite site = find_site({kV1Own, kV1Mounts, 1000, ""}, add_v1_roots(tree, false));
  EXPECT_EQ(site.layout, Layout::none);
  EXPECT_EQ(site.reason, "no writable cgroup (/sys/fs/cgroup/memory/api/7f is root's)");
  EXPECT_THAT(site.hint, HasSubstr("SANDBOX_CGROUP"));
}

TEST(SiteV1, NamesAReadOnlyMount) {
  FakeTree tree;
  tree.add("/sys/fs/cgroup/memory", {});
  const GroupSite site = find_site(
      {"4:memory:/docker/9c\n",
       parse_mountinfo(
           "31 25 0:27 /docker/9c /sys/fs/cgroup/memory ro,nosuid - cgroup cgroup rw,memory\n"),
       0, ""},
      tree);
  EXPECT_EQ(site.layout, Layout::none);
  EXPECT_THAT(site.reason, HasSubstr("/sys/fs/cgroup/memory is mounted read-only"));
  EXPECT_THAT(site.hint, HasSubstr("writable-cgroups"));
}

TEST(SiteV1, KeepsTheControllersThatAreLeft) {
  FakeTree tree;
  tree.add("/sys/fs/cgroup/memory/api/7f", {});
  tree.add("/sys/fs/cgroup/cpuacct", {});
  tree.add("/sys/fs/cgroup/cpu", unwritable({})).add("/sys/fs/cgroup/pids", unwritable({}));
  const GroupSite site = find_site({kV1Own, kV1Mounts, 0, ""}, tree);
  EXPECT_EQ(site.layout, Layout::v1);
  EXPECT_TRUE(site.has("memory"));
  EXPECT_FALSE(site.has("cpu"));
  EXPECT_EQ(site.reason, "cpu, pids: no writable cgroup (/sys/fs/cgroup/cpu is root's)");
}

TEST(SiteV1, UsesTheGivenGroupInEveryHierarchy) {
  FakeTree tree;
  for (const char* name : {"cpu", "cpuacct", "pids", "memory"}) {
    tree.add(std::string{"/sys/fs/cgroup/"} + name + "/ci", {});
  }
  const GroupSite site = find_site({kV1Own, kV1Mounts, 1000, "/sys/fs/cgroup/memory/ci/"}, tree);
  EXPECT_THAT(directories(site),
              ElementsAre("/sys/fs/cgroup/memory/ci", "/sys/fs/cgroup/cpu/ci",
                          "/sys/fs/cgroup/cpuacct/ci", "/sys/fs/cgroup/pids/ci"));
  EXPECT_EQ(site.places[0].path, "/api/7f");
  EXPECT_EQ(site.places[0].group, "/ci");
}

TEST(SiteV1, QuotesAGivenGroupThatIsMissingInOneHierarchy) {
  FakeTree tree;
  tree.add("/sys/fs/cgroup/memory/ci", {});
  const GroupSite site = find_site({kV1Own, kV1Mounts, 0, "/sys/fs/cgroup/memory/ci"}, tree);
  EXPECT_TRUE(site.has("memory"));
  EXPECT_EQ(site.reason,
            "cpu, cpuacct, pids: SANDBOX_CGROUP=/sys/fs/cgroup/memory/ci: /sys/fs/cgroup/cpu/ci is "
            "no cgroup directory");
}

TEST(SiteV1, NeverFallsBackFromAGivenGroup) {
  FakeTree tree;
  const GroupSite site = find_site({kV1Own, kV1Mounts, 0, "/tmp/ci"}, add_v1_roots(tree));
  EXPECT_EQ(site.layout, Layout::none);
  EXPECT_EQ(site.reason, "SANDBOX_CGROUP=/tmp/ci: not beneath a cgroup mount");
}

TEST(SiteV1, NamesAHierarchyThatIsNotMounted) {
  const GroupSite site =
      find_site({"4:memory:/\n2:cpu,cpuacct:/\n3:pids:/\n0::/\n",
                 parse_mountinfo("41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"), 0, ""},
                FakeTree{});
  EXPECT_EQ(site.layout, Layout::none);
  EXPECT_EQ(site.reason, "no cgroup file system is mounted");
}

// --- v2: beside or above our own group

TEST(SiteV2, RootInTheRootGroupMakesGroupsBesideItself) {
  FakeTree tree;
  tree.add("/sys/fs/cgroup", root_group("cpu memory pids\n"));
  const GroupSite site = find_site({"0::/\n", kV2Mount, 0, ""}, tree);
  EXPECT_EQ(site.layout, Layout::v2);
  EXPECT_THAT(directories(site), ElementsAre("/sys/fs/cgroup"));
  EXPECT_THAT(site.to_enable, IsEmpty());
  EXPECT_FALSE(site.move_to_leaf);
  EXPECT_EQ(site.reason, "");
}

TEST(SiteV2, RootTurnsOnWhatTheRootGroupDoesNotHandDownYet) {
  FakeTree tree;
  tree.add("/sys/fs/cgroup", root_group("memory\n"));
  const GroupSite site = find_site({"0::/\n", kV2Mount, 0, ""}, tree);
  EXPECT_TRUE(site.has("cpu"));
  EXPECT_THAT(site.to_enable, ElementsAre("cpu", "pids"));
}

TEST(SiteV2, TheNearestAncestorThatGivesAllIsUsed) {
  FakeTree tree;
  tree.add("/sys/fs/cgroup", root_group("cpu memory pids\n"));
  tree.add("/sys/fs/cgroup/a", inner(kAll, "cpu memory pids\n", 0, true));
  tree.add("/sys/fs/cgroup/a/b", with_processes(inner("cpu memory pids\n", "", 0, true)));
  const GroupSite site = find_site({"0::/a/b\n", kV2Mount, 0, ""}, tree);
  EXPECT_THAT(directories(site), ElementsAre("/sys/fs/cgroup/a"));
  EXPECT_EQ(site.places[0].path, "/a/b");
  EXPECT_EQ(site.places[0].group, "/a");
}

TEST(SiteV2, AGroupFurtherUpIsUsedWhereItGivesMoreCaps) {
  FakeTree tree;
  tree.add("/sys/fs/cgroup", root_group("cpu memory pids\n"));
  tree.add("/sys/fs/cgroup/a", inner("memory pids\n", "pids\n", 7, true));
  tree.add("/sys/fs/cgroup/a/b", with_processes(inner("pids\n", "", 0, true)));
  const GroupSite site = find_site({"0::/a/b\n", kV2Mount, 0, ""}, tree);
  EXPECT_THAT(directories(site), ElementsAre("/sys/fs/cgroup"));
}

TEST(SiteV2, ASliceKeepsItsCallersUnderItsOwnLimit) {
  FakeTree tree;
  tree.add("/sys/fs/cgroup", root_group("cpu memory pids\n"));
  tree.add("/sys/fs/cgroup/user.slice",
           with_limit(inner("memory pids\n", "memory pids\n", 0, true), "pids.max", "9000\n"));
  tree.add("/sys/fs/cgroup/user.slice/s.scope",
           with_processes(inner("memory pids\n", "", 0, true)));
  const GroupSite site = find_site({"0::/user.slice/s.scope\n", kV2Mount, 0, ""}, tree);
  EXPECT_THAT(directories(site), ElementsAre("/sys/fs/cgroup/user.slice"));
  EXPECT_TRUE(site.has("memory"));
  EXPECT_FALSE(site.has("cpu"));
  EXPECT_EQ(site.reason, "cpu: not enabled in /sys/fs/cgroup/cgroup.subtree_control");
  EXPECT_EQ(site.hint, "as root: echo '+cpu' > /sys/fs/cgroup/cgroup.subtree_control");
}

class SiteV2Limit : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(SiteV2Limit, OfTheCallersOwnGroupIsNeverEscaped) {
  const auto [file, value] = GetParam();
  FakeTree tree;
  tree.add("/sys/fs/cgroup", root_group("cpu memory pids\n"));
  tree.add("/sys/fs/cgroup/job", with_limit(with_processes(inner(kAll, "", 0, true)), file, value));
  const GroupSite site = find_site({"0::/job\n", kV2Mount, 0, ""}, tree);
  EXPECT_EQ(site.layout, Layout::none);
  EXPECT_EQ(site.reason, std::string{"a group above /job would escape its "} + file);
  EXPECT_EQ(site.hint, "systemd-run --scope -p Delegate=yes -- sandbox-exec …");
}

INSTANTIATE_TEST_SUITE_P(Each, SiteV2Limit,
                         ::testing::Values(std::pair{"memory.max", "1073741824\n"},
                                           std::pair{"memory.high", "1073741824\n"},
                                           std::pair{"memory.swap.max", "0\n"},
                                           std::pair{"cpu.max", "50000 100000\n"},
                                           std::pair{"pids.max", "100\n"},
                                           std::pair{"cpuset.cpus", "0-1\n"}));

TEST(SiteV2, FilesThatLimitNothingAreNoLimit) {
  FakeTree tree;
  tree.add("/sys/fs/cgroup", root_group("cpu memory pids\n"));
  FakeGroup job = with_processes(inner(kAll, "", 0, true));
  job.limits = {{"memory.max", "max\n"}, {"cpu.max", "max 100000\n"}, {"cpuset.cpus", "\n"}};
  tree.add("/sys/fs/cgroup/job", job);
  const GroupSite site = find_site({"0::/job\n", kV2Mount, 0, ""}, tree);
  EXPECT_THAT(directories(site), ElementsAre("/sys/fs/cgroup"));
}

TEST(SiteV2, AUsersOwnSliceIsUsedAndCompleted) {
  FakeTree tree;
  const std::string app = "/sys/fs/cgroup/u.slice/user@1000.service/app.slice";
  tree.add("/sys/fs/cgroup/u.slice/user@1000.service",
           inner("cpu memory pids\n", "cpu memory pids\n", 1000, true));
  tree.add(app, inner("cpu memory pids\n", "memory pids\n", 1000, true));
  tree.add(app + "/vte.scope", with_processes(inner("memory pids\n", "", 1000, true)));
  const GroupSite site =
      find_site({"0::/u.slice/user@1000.service/app.slice/vte.scope\n", kV2Mount, 1000, ""}, tree);
  EXPECT_THAT(directories(site), ElementsAre(app));
  EXPECT_THAT(site.to_enable, ElementsAre("cpu"));
  EXPECT_FALSE(site.move_to_leaf);
}

TEST(SiteV2, NothingIsTurnedOnInAGroupThatHoldsProcesses) {
  FakeTree tree;
  tree.add("/sys/fs/cgroup", unwritable(root_group("cpu memory pids\n")));
  tree.add("/sys/fs/cgroup/mine", with_processes(inner(kAll, "", 1000, true)));
  tree.add("/sys/fs/cgroup/mine/sub", with_processes(inner("", "", 1000, true)));
  const GroupSite site = find_site({"0::/mine/sub\n", kV2Mount, 1000, ""}, tree);
  EXPECT_EQ(site.layout, Layout::none);
  EXPECT_EQ(site.reason, "not enabled in /sys/fs/cgroup/mine/cgroup.subtree_control");
}

TEST(SiteV2, NothingIsTurnedOnInAGroupOfSomebodyElse) {
  FakeTree tree;
  tree.add("/sys/fs/cgroup/theirs", inner(kAll, "memory\n", 7, true));
  tree.add("/sys/fs/cgroup/theirs/x", with_processes(inner("memory\n", "", 0, true)));
  const GroupSite site = find_site({"0::/theirs/x\n", kV2Mount, 0, ""}, tree);
  EXPECT_THAT(directories(site), ElementsAre("/sys/fs/cgroup/theirs"));
  EXPECT_THAT(site.to_enable, IsEmpty());
  EXPECT_FALSE(site.has("cpu"));
}

TEST(SiteV2, AThreadedAncestorIsRefused) {
  FakeTree tree;
  FakeGroup threaded = inner(kAll, "cpu pids\n", 0, true);
  threaded.type = "domain threaded\n";
  tree.add("/sys/fs/cgroup/t", threaded);
  FakeGroup own = with_processes(inner("cpu pids\n", "", 0, true));
  tree.add("/sys/fs/cgroup/t/x", own);
  const GroupSite site = find_site({"0::/t/x\n", kV2Mount, 0, ""}, tree);
  EXPECT_EQ(site.layout, Layout::none);
  EXPECT_EQ(site.reason, "/t is a threaded group");
}

TEST(SiteV2, ALoginSessionsScopeIsRoots) {
  const GroupSite site = find_site(login_view(1000), login_session());
  EXPECT_EQ(site.layout, Layout::none);
  EXPECT_FALSE(site.has("memory"));
  EXPECT_EQ(site.reason, "no writable cgroup (/user.slice/…/session-2.scope is root's)");
  EXPECT_EQ(site.hint, "systemd-run --user --scope -p Delegate=yes -- sandbox-exec …");
}

// --- v2: delegated groups

TEST(SiteV2, AGroupDelegatedByUidIsEmptiedIntoALeaf) {
  FakeTree tree;
  tree.add("/sys/fs/cgroup", unwritable(root_group("cpu memory pids\n")));
  tree.add("/sys/fs/cgroup/run", with_processes(inner("cpu memory pids\n", "", 1000, true)));
  const GroupSite site = find_site({"0::/run\n", kV2Mount, 1000, ""}, tree);
  EXPECT_EQ(site.layout, Layout::v2);
  EXPECT_TRUE(site.move_to_leaf);
  EXPECT_THAT(directories(site), ElementsAre("/sys/fs/cgroup/run"));
  EXPECT_THAT(site.to_enable, ElementsAre("memory", "cpu", "pids"));
}

TEST(SiteV2, TheLeafsParentIsUsedOnceItIsPrepared) {
  FakeTree tree;
  tree.add("/sys/fs/cgroup", unwritable(root_group("cpu memory pids\n")));
  tree.add("/sys/fs/cgroup/run", inner("cpu memory pids\n", "cpu memory pids\n", 1000, true));
  tree.add("/sys/fs/cgroup/run/sandbox-exec.leaf",
           with_processes(inner("cpu memory pids\n", "", 1000, true)));
  const GroupSite site = find_site({"0::/run/sandbox-exec.leaf\n", kV2Mount, 1000, ""}, tree);
  EXPECT_FALSE(site.move_to_leaf);
  EXPECT_THAT(directories(site), ElementsAre("/sys/fs/cgroup/run"));
  EXPECT_THAT(site.to_enable, IsEmpty());
}

TEST(SiteV2, ALeafThatIsBeingFilledBelongsToItsParent) {
  FakeTree tree;
  tree.add("/sys/fs/cgroup", unwritable(root_group("cpu memory pids\n")));
  tree.add("/sys/fs/cgroup/run", with_processes(inner("cpu memory pids\n", "", 1000, true)));
  tree.add("/sys/fs/cgroup/run/sandbox-exec.leaf", with_processes(inner("", "", 1000, true)));
  const GroupSite site = find_site({"0::/run/sandbox-exec.leaf\n", kV2Mount, 1000, ""}, tree);
  EXPECT_TRUE(site.move_to_leaf);
  EXPECT_THAT(directories(site), ElementsAre("/sys/fs/cgroup/run"));
}

TEST(SiteV2, ADelegatedGroupWithALimitStaysUnderIt) {
  FakeTree tree;
  tree.add("/sys/fs/cgroup", root_group("cpu memory pids\n"));
  tree.add("/sys/fs/cgroup/run",
           with_limit(with_processes(inner("cpu memory pids\n", "", 1000, true)), "memory.max",
                      "4096000\n"));
  const GroupSite site = find_site({"0::/run\n", kV2Mount, 1000, ""}, tree);
  EXPECT_TRUE(site.move_to_leaf);
}

TEST(SiteV2, RootInAPrivateCgroupNamespaceOwnsIt) {
  FakeTree tree;
  tree.add("/sys/fs/cgroup", with_processes(inner("cpu memory pids\n", "", 0, true)));
  const GroupSite site = find_site({"0::/\n", kV2Mount, 0, ""}, tree);
  EXPECT_TRUE(site.move_to_leaf);
  EXPECT_THAT(directories(site), ElementsAre("/sys/fs/cgroup"));
}

TEST(SiteV2, RootMovesNobodyInAGroupThatWasNotGivenAway) {
  FakeTree tree;
  FakeGroup service =
      with_limit(with_processes(inner("memory pids\n", "", 0, true)), "memory.max", "1073741824\n");
  tree.add("/sys/fs/cgroup", root_group("memory pids\n"));
  tree.add("/sys/fs/cgroup/ci.service", service);
  const CgroupView view{"0::/ci.service\n", kV2Mount, 0, ""};
  EXPECT_EQ(find_site(view, tree).layout, Layout::none);
  service.marked_delegated = true;
  tree.add("/sys/fs/cgroup/ci.service", service);
  EXPECT_TRUE(find_site(view, tree).move_to_leaf);
}

TEST(SiteV2, PartialControllersAreNamed) {
  FakeTree tree;
  tree.add("/sys/fs/cgroup", with_processes(inner("memory\n", "", 0, true)));
  const GroupSite site = find_site({"0::/\n", kV2Mount, 0, ""}, tree);
  EXPECT_TRUE(site.has("memory"));
  EXPECT_FALSE(site.has("pids"));
  EXPECT_EQ(site.reason, "cpu, pids: not given to / from outside");
}

// --- v2: containers and oddities

TEST(SiteV2, DockersReadOnlyMountIsNamedWithItsFix) {
  FakeTree tree;
  tree.add("/sys/fs/cgroup", with_processes(inner("cpu memory pids\n", "", 0, true)));
  const GroupSite site = find_site(
      {"0::/\n",
       parse_mountinfo("1 2 0:24 / /sys/fs/cgroup ro,nosuid,nodev,noexec - cgroup2 cgroup rw\n"), 0,
       ""},
      tree);
  EXPECT_EQ(site.layout, Layout::none);
  EXPECT_EQ(site.reason,
            "the cgroup file system at /sys/fs/cgroup is mounted read-only (as containers have it "
            "by default)");
  EXPECT_THAT(site.hint, HasSubstr("--security-opt writable-cgroups=true"));
}

TEST(SiteV2, AnOrdinaryUserInAContainerIsNotSentToSystemd) {
  FakeTree tree;
  tree.add("/sys/fs/cgroup", with_processes(inner("cpu memory pids\n", "", 0, false)));
  const GroupSite site = find_site({"0::/\n", kV2Mount, 1000, ""}, tree);
  EXPECT_EQ(site.reason, "no writable cgroup (/ is root's)");
  EXPECT_THAT(site.hint, StartsWith("sudo sandbox-exec"));
}

TEST(SiteV2, AGroupOutsideTheCgroupNamespaceIsNotShown) {
  FakeTree tree;
  tree.add("/sys/fs/cgroup", root_group("cpu memory pids\n"));
  const GroupSite outside = find_site({"0::/../other\n", kV2Mount, 0, ""}, tree);
  EXPECT_EQ(outside.layout, Layout::none);
  EXPECT_EQ(outside.reason,
            "the cgroup mount at /sys/fs/cgroup does not show this process's own group");
  const auto above = parse_mountinfo("28 18 0:24 /../.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  EXPECT_EQ(find_site({"0::/\n", above, 0, ""}, tree).layout, Layout::none);
}

TEST(SiteV2, ZeroWithoutControllersNamesTheKernel) {
  FakeTree tree;
  FakeGroup root = root_group("");
  root.controllers = "\n";
  tree.add("/sys/fs/cgroup", root);
  const GroupSite site = find_site({"0::/\n", kV2Mount, 0, ""}, tree);
  EXPECT_EQ(site.layout, Layout::none);
  EXPECT_EQ(site.reason, "the kernel has it switched off");
}

TEST(SiteV2, SaysWhenNothingIsMounted) {
  EXPECT_EQ(find_site({"0::/\n", {}, 0, ""}, FakeTree{}).reason,
            "no cgroup file system is mounted");
  EXPECT_EQ(find_site({"", {}, 0, ""}, FakeTree{}).reason, "no cgroup file system is mounted");
}

// --- v2: SANDBOX_CGROUP

TEST(SiteV2, UsesTheGivenDirectory) {
  FakeTree tree = login_session();
  tree.add("/sys/fs/cgroup", root_group("memory pids\n"));
  tree.add("/sys/fs/cgroup/ci", inner("memory pids\n", "memory pids\n", 1000, true));
  CgroupView view = login_view(1000);
  view.sandbox_cgroup = "/sys/fs/cgroup/ci/";
  const GroupSite site = find_site(view, tree);
  EXPECT_THAT(directories(site), ElementsAre("/sys/fs/cgroup/ci"));
  EXPECT_EQ(site.places[0].group, "/ci");
}

TEST(SiteV2, AGivenDirectoryNeedsARightToMoveThere) {
  FakeTree tree = login_session();
  tree.add("/sys/fs/cgroup", unwritable(root_group("memory pids\n")));
  tree.add("/sys/fs/cgroup/ci", inner("memory pids\n", "memory pids\n", 1000, true));
  CgroupView view = login_view(1000);
  view.sandbox_cgroup = "/sys/fs/cgroup/ci";
  const GroupSite site = find_site(view, tree);
  EXPECT_EQ(site.layout, Layout::none);
  EXPECT_EQ(site.reason, "no process can be moved there (/sys/fs/cgroup/cgroup.procs is root's)");
}

TEST(SiteV2, AGivenDirectoryIsNeverReplacedByAnother) {
  FakeTree tree;
  tree.add("/sys/fs/cgroup", root_group("cpu memory pids\n"));
  EXPECT_EQ(find_site({"0::/\n", kV2Mount, 0, "/sys/fs/cgroup/ci"}, tree).reason,
            "SANDBOX_CGROUP=/sys/fs/cgroup/ci: /sys/fs/cgroup/ci is no cgroup directory");
  EXPECT_EQ(find_site({"0::/\n", kV2Mount, 0, "ci"}, tree).reason,
            "SANDBOX_CGROUP=ci: not beneath a cgroup mount");
}

TEST(SiteV2, OurOwnDelegatedGroupCanBeGiven) {
  FakeTree tree;
  tree.add("/sys/fs/cgroup", root_group("cpu memory pids\n"));
  tree.add("/sys/fs/cgroup/run", with_processes(inner("cpu memory pids\n", "", 1000, true)));
  const GroupSite site = find_site({"0::/run\n", kV2Mount, 1000, "/sys/fs/cgroup/run"}, tree);
  EXPECT_TRUE(site.move_to_leaf);
}

TEST(SiteV2, OurOwnDelegatedGroupCanBeGivenAfterItWasPrepared) {
  FakeTree tree;
  tree.add("/sys/fs/cgroup", root_group("cpu memory pids\n"));
  tree.add("/sys/fs/cgroup/run", inner("cpu memory pids\n", "cpu memory pids\n", 1000, true));
  tree.add("/sys/fs/cgroup/run/sandbox-exec.leaf",
           with_processes(inner("cpu memory pids\n", "", 1000, true)));
  const GroupSite site =
      find_site({"0::/run/sandbox-exec.leaf\n", kV2Mount, 1000, "/sys/fs/cgroup/run"}, tree);
  EXPECT_FALSE(site.move_to_leaf);
  EXPECT_THAT(directories(site), ElementsAre("/sys/fs/cgroup/run"));
}

}  // namespace
}  // namespace sandbox
