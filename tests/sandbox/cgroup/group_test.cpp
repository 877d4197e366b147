#include "cgroup/group.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <chrono>

#include "sandbox/cgroup/here.h"
#include "sandbox/cgroup/member.h"
#include "support/host.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sandbox {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace testing;  // NOLINT(google-build-using-namespace): the project's own helpers
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

int busy_for(milliseconds wall) {
  const auto end = Clock::now() + wall;
  while (Clock::now() < end) {
  }
  return 0;
}

std::chrono::nanoseconds cpu_time() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return std::chrono::seconds{used.tv_sec} + std::chrono::nanoseconds{used.tv_nsec};
}

// Of this process's own CPU time: what it gets of a busy machine does not matter.
int burn(milliseconds cpu) {
  const auto end = cpu_time() + cpu;
  while (cpu_time() < end) {
  }
  return 0;
}

int pause_forever() {
  for (;;) ::pause();
}

const LimitRecord* record(const Group& group, const std::string& name) {
  for (const LimitRecord& each : group.limits()) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

// A kernfs file is always readable: on v2 only POLLPRI means news.
bool tells_of_oom(const Group& group, milliseconds patience) {
  const short wanted = group.layout() == Layout::v1 ? POLLIN : POLLPRI;
  pollfd entry{group.oom_fd(), wanted, 0};
  return ::poll(&entry, 1, static_cast<int>(patience.count())) == 1 && (entry.revents & wanted);
}

Limits all_caps() {
  Limits limits = memory_cap(64 * kMiB);
  limits.cpus = 0.5;
  limits.pids = 10;
  limits.pids_asked = true;
  return limits;
}

TEST(Group, WritesTheCapsIntoTheFilesOfV1) {
  REQUIRE_LAYOUT(v1);
  REQUIRE_MEMORY_GROUP();
  const GroupSite site = site_here();
  const Group group = Group::create(site, all_caps(), run_id("caps"), false);
  const std::string memory = directory_of(site, group, "memory");
  EXPECT_EQ(text_of(memory + "/memory.limit_in_bytes"), "67108864");
  if (exists(memory + "/memory.memsw.limit_in_bytes")) {
    EXPECT_EQ(text_of(memory + "/memory.memsw.limit_in_bytes"), "67108864");
  }
  const std::string cpu = directory_of(site, group, "cpu");
  EXPECT_EQ(text_of(cpu + "/cpu.cfs_quota_us"), "50000");
  EXPECT_EQ(text_of(cpu + "/cpu.cfs_period_us"), "100000");
  EXPECT_EQ(text_of(directory_of(site, group, "pids") + "/pids.max"), "10");
  EXPECT_THAT(group.join_fds(), SizeIs(site.places.size()));
  EXPECT_EQ(group.clone_fd(), -1);
}

TEST(Group, WritesTheCapsIntoTheFilesOfV2) {
  REQUIRE_LAYOUT(v2);
  REQUIRE_MEMORY_GROUP();
  const GroupSite site = site_here();
  const Group group = Group::create(site, all_caps(), run_id("caps"), false);
  ASSERT_THAT(group.directories(), SizeIs(1));
  const std::string& directory = group.directories().front();
  EXPECT_EQ(text_of(directory + "/memory.max"), "67108864");
  if (exists(directory + "/memory.swap.max")) {
    EXPECT_EQ(text_of(directory + "/memory.swap.max"), "0");
  }
  EXPECT_EQ(text_of(directory + "/memory.oom.group"), "0");
  EXPECT_EQ(text_of(directory + "/cpu.max"), "50000 100000");
  EXPECT_EQ(text_of(directory + "/pids.max"), "10");
  EXPECT_THAT(group.join_fds(), IsEmpty());
  EXPECT_GE(group.clone_fd(), 0);
}

TEST(Group, IsModeRwxrXrXAndNamedByTheRun) {
  REQUIRE_MEMORY_GROUP();
  const Group group = Group::create(site_here(), {}, run_id("mode"), false);
  for (const std::string& directory : group.directories()) {
    EXPECT_THAT(directory, ::testing::EndsWith("/sandbox-exec-" + run_id("mode")));
    struct stat status {};
    ASSERT_EQ(::stat(directory.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0755u);
  }
}

TEST(Group, RecordsHowEachCapIsEnforced) {
  REQUIRE_MEMORY_GROUP();
  Limits limits = all_caps();
  limits.memory = Bytes{64 * kMiB + 1000};
  const Group group = Group::create(site_here(), limits, run_id("records"), false);
  ASSERT_THAT(group.limits(), SizeIs(3));
  EXPECT_EQ(record(group, "memory")->requested, "67109864");
  EXPECT_EQ(record(group, "memory")->enforced, "67108864") << "the kernel counts whole pages";
  EXPECT_THAT(record(group, "memory")->by, ::testing::StartsWith("cgroup v"));
  EXPECT_EQ(record(group, "cpus")->requested, "0.5");
  EXPECT_EQ(record(group, "cpus")->enforced, "50000 100000");
  EXPECT_EQ(record(group, "pids")->enforced, "10");
}

TEST(Group, CapsMoreProcessesThanTheKernelCanCountAsUnlimited) {
  REQUIRE_MEMORY_GROUP();
  const GroupSite site = site_here();
  Limits limits;
  limits.pids = 1'000'000'000;
  limits.pids_asked = true;
  const Group group = Group::create(site, limits, run_id("many"), false);
  EXPECT_EQ(text_of(directory_of(site, group, "pids") + "/pids.max"), "max");
}

TEST(Group, EnforcesAVerySmallShareOfACpu) {
  REQUIRE_MEMORY_GROUP();
  Limits limits;
  limits.cpus = 0.002;
  const Group group = Group::create(site_here(), limits, run_id("small"), false);
  EXPECT_EQ(record(group, "cpus")->enforced, "2000 1000000");
}

TEST(Group, NamesTheOptionWhoseValueTheKernelRefuses) {
  REQUIRE_MEMORY_GROUP();
  const GroupSite site = site_here();
  Limits limits;
  limits.cpus = 1e12;
  try {
    const Group group = Group::create(site, limits, run_id("refused"), false);
    FAIL() << "no kernel takes 10^12 CPUs";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("cannot enforce --cpus 1e+12: cgroup v"));
    EXPECT_EQ(error.error(), EINVAL);
  }
  EXPECT_FALSE(exists(site.places[0].directory + "/sandbox-exec-" + run_id("refused")));
}

TEST(Group, AHogDiesAtItsCapAndIsCounted) {
  REQUIRE_MEMORY_GROUP();
  const Group group = Group::create(site_here(), memory_cap(32 * kMiB), run_id("hog"), false);
  EXPECT_EQ(group.read().oom_kills, 0u);
  Member hog{group, [] {
               touch(256 * kMiB);
               return 0;
             }};
  EXPECT_TRUE(killed_by(hog.wait(), SIGKILL));
  const GroupCounters counters = group.read();
  EXPECT_EQ(counters.oom_kills, 1u);
  EXPECT_GT(counters.memory_peak.value_or(0), 31 * kMiB);
  EXPECT_LE(counters.memory_peak.value_or(0), 32 * kMiB);
  EXPECT_EQ(counters.oom_events.has_value(), group.layout() == Layout::v2);
  EXPECT_GE(counters.oom_events.value_or(1), 1u);
}

TEST(Group, TheOomFdTellsOfAKill) {
  REQUIRE_MEMORY_GROUP();
  const Group group = Group::create(site_here(), memory_cap(32 * kMiB), run_id("oomfd"), false);
  ASSERT_GE(group.oom_fd(), 0);
  EXPECT_FALSE(tells_of_oom(group, milliseconds{0}));
  Member hog{group, [] {
               touch(256 * kMiB);
               return 0;
             }};
  EXPECT_TRUE(tells_of_oom(group, milliseconds{10'000}));
  hog.wait();
  EXPECT_EQ(group.read().oom_kills, 1u);
}

// One kill may be told more than once (memory.events and its ancestors' are updated one by one).
bool becomes_quiet(const Group& group) {
  for (int tries = 0; tries < 50; ++tries) {
    if (!tells_of_oom(group, milliseconds{20})) return true;
    (void)group.read();
  }
  return false;
}

TEST(Group, OnV2ReadingMakesTheOomFdReadyForTheNextKill) {
  REQUIRE_LAYOUT(v2);
  REQUIRE_MEMORY_GROUP();
  const Group group = Group::create(site_here(), memory_cap(32 * kMiB), run_id("again"), false);
  for (std::uint64_t kills = 1; kills <= 2; ++kills) {
    Member hog{group, [] {
                 touch(256 * kMiB);
                 return 0;
               }};
    EXPECT_TRUE(tells_of_oom(group, milliseconds{10'000}));
    hog.wait();
    EXPECT_EQ(group.read().oom_kills, kills);
    EXPECT_TRUE(becomes_quiet(group));
  }
}

TEST(Group, ACpuQuotaHolds) {
  REQUIRE_MEMORY_GROUP();
  Limits limits;
  limits.cpus = 0.05;
  const Group group = Group::create(site_here(), limits, run_id("quota"), false);
  Member busy{group, [] { return busy_for(milliseconds{700}); }};
  EXPECT_TRUE(exited_with(busy.wait(), 0));
  const GroupCounters counters = group.read();
  const auto used = counters.cpu_user_ns.value_or(0) + counters.cpu_system_ns.value_or(0);
  EXPECT_GT(used, 0u);
  EXPECT_LT(used, 200'000'000u) << "5 ms in each of eight periods, and what ticks overshoot";
  EXPECT_GT(counters.cpu_throttled_ns.value_or(0), 0u);
}

TEST(Group, APidsCapRefusesForks) {
  REQUIRE_MEMORY_GROUP();
  Limits limits;
  limits.pids = 3;
  const Group group = Group::create(site_here(), limits, run_id("pids"), false);
  Member forker{group, [] {
                  int born = 0;
                  while (born < 20) {
                    const pid_t pid = ::fork();
                    if (pid < 0) return errno == EAGAIN ? born : 99;
                    if (pid == 0) pause_forever();
                    ++born;
                  }
                  return born;
                }};
  EXPECT_TRUE(exited_with(forker.wait(), 2)) << "itself and two more";
  const GroupCounters counters = group.read();
  EXPECT_GE(counters.pids_refused.value_or(0), 1u);
  EXPECT_EQ(counters.pids_peak.value_or(3), 3u) << "older kernels have no pids.peak";
  group.kill();
}

TEST(Group, CountsStandAfterTheExit) {
  REQUIRE_MEMORY_GROUP();
  const Group group = Group::create(site_here(), {}, run_id("counts"), false);
  Member member{group, [] {
                  touch(16 * kMiB);
                  return burn(milliseconds{50});
                }};
  EXPECT_TRUE(exited_with(member.wait(), 0));
  const GroupCounters counters = group.read();
  EXPECT_GE(counters.memory_peak.value_or(0), 16 * kMiB);
  EXPECT_LT(counters.memory_now.value_or(~0ull), 16 * kMiB);
  EXPECT_TRUE(counters.anonymous && counters.file && counters.shmem && counters.kernel);
  EXPECT_GE(counters.cpu_user_ns.value_or(0) + counters.cpu_system_ns.value_or(0), 40'000'000u);
  EXPECT_EQ(counters.oom_kills, 0u);
  EXPECT_EQ(counters.pids_refused, 0u);
  EXPECT_FALSE(counters.cpu_throttled_ns) << "nothing was capped";
}

// Shorter than a tick, after which usage_user and usage_sys of v1 are mostly still 0.
TEST(Group, CountsTheCpuTimeOfARunThatNoTickMet) {
  REQUIRE_MEMORY_GROUP();
  for (int run = 0; run < 10; ++run) {
    const Group group =
        Group::create(site_here(), {}, run_id("short-" + std::to_string(run)), false);
    Member member{group, [] { return burn(milliseconds{2}); }};
    EXPECT_TRUE(exited_with(member.wait(), 0));
    const GroupCounters counters = group.read();
    EXPECT_GE(counters.cpu_user_ns.value_or(0) + counters.cpu_system_ns.value_or(0), 2'000'000u);
  }
}

TEST(Group, TellsTmpfsFromPageCache) {
  REQUIRE_MEMORY_GROUP();
  const Group group = Group::create(site_here(), {}, run_id("shmem"), false);
  const UniqueFd file{::memfd_create("shmem", MFD_CLOEXEC)};
  Member member{group, [&] {
                  const std::string block(kMiB, 'x');
                  for (int i = 0; i < 8; ++i) (void)write_all(file.get(), block);
                  return 0;
                }};
  member.wait();
  const GroupCounters counters = group.read();
  EXPECT_GE(counters.shmem.value_or(0), 7 * kMiB);
  EXPECT_LT(counters.file.value_or(~0ull), 4 * kMiB);
}

TEST(Group, EveryFigureNamesItsSource) {
  REQUIRE_MEMORY_GROUP();
  const Group group = Group::create(site_here(), all_caps(), run_id("source"), false);
  for (const char* figure :
       {"memory_now", "stat", "kernel", "oom", "cpu", "throttled", "pids_refused"}) {
    EXPECT_THAT(group.source(figure), ::testing::StartsWith("cgroup v")) << figure;
  }
  EXPECT_EQ(group.source("memory_peak").empty(), !group.read().memory_peak.has_value());
  EXPECT_EQ(group.source("no such figure"), "");
}

TEST(Group, RemoveLeavesNothing) {
  REQUIRE_MEMORY_GROUP();
  Group group = Group::create(site_here(), all_caps(), run_id("remove"), false);
  Member member{group, [] { return 0; }};
  member.wait();
  for (const std::string& directory : group.directories()) ASSERT_TRUE(exists(directory));
  EXPECT_THAT(group.remove(), IsEmpty());
  for (const std::string& directory : group.directories()) EXPECT_FALSE(exists(directory));
  EXPECT_THAT(group.remove(), IsEmpty()) << "a second time is nothing";
}

TEST(Group, TheDestructorRemoves) {
  REQUIRE_MEMORY_GROUP();
  std::vector<std::string> directories;
  {
    Group first = Group::create(site_here(), {}, run_id("dtor"), false);
    const Group moved = std::move(first);
    directories = moved.directories();
    for (const std::string& directory : directories) ASSERT_TRUE(exists(directory));
  }
  for (const std::string& directory : directories) EXPECT_FALSE(exists(directory));
}

TEST(Group, RemoveWaitsForAProcessThatIsDying) {
  REQUIRE_MEMORY_GROUP();
  Group group = Group::create(site_here(), {}, run_id("dying"), false);
  Member member{group, [] {
                  touch(64 * kMiB);
                  return pause_forever();
                }};
  member.kill();
  EXPECT_THAT(group.remove(), IsEmpty());
  for (const std::string& directory : group.directories()) EXPECT_FALSE(exists(directory));
}

TEST(Group, RemoveGivesUpOnALivingProcessAndSaysSo) {
  REQUIRE_MEMORY_GROUP();
  const OwnGround ground{"ground"};
  Group group = Group::create(ground.site, {}, run_id("alive"), false);
  Member member{group, pause_forever};
  const auto start = Clock::now();
  const std::vector<std::string> warnings = group.remove();
  EXPECT_GE(Clock::now() - start, milliseconds{900});
  EXPECT_LE(Clock::now() - start, milliseconds{5000});
  ASSERT_THAT(warnings, SizeIs(group.directories().size()));
  EXPECT_THAT(warnings.back(), HasSubstr(group.directories().front() + ": EBUSY"));
  member.kill();
  member.wait();
  for (const std::string& directory : group.directories()) EXPECT_EQ(::rmdir(directory.c_str()), 0);
}

TEST(Group, RemovesGroupsThatTheRunMadeInside) {
  REQUIRE_MEMORY_GROUP();
  Group group = Group::create(site_here(), {}, run_id("nested"), false);
  const std::string inside = group.directories().front() + "/a";
  ASSERT_EQ(::mkdir(inside.c_str(), 0755), 0);
  ASSERT_EQ(::mkdir((inside + "/b").c_str(), 0755), 0);
  EXPECT_THAT(group.remove(), IsEmpty());
  EXPECT_FALSE(exists(inside));
}

TEST(Group, KillReachesEveryProcess) {
  REQUIRE_MEMORY_GROUP();
  // Orphans of the member come to us, so that their end can be waited for.
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  Group group = Group::create(site_here(), {}, run_id("kill"), false);
  Member member{group, [] {
                  if (::fork() == 0) {
                    ::setsid();
                    pause_forever();
                  }
                  return 0;
                }};
  EXPECT_TRUE(exited_with(member.wait(), 0));
  group.kill();
  int status = 0;
  EXPECT_GT(::waitpid(-1, &status, 0), 0);
  EXPECT_TRUE(killed_by(status, SIGKILL));
  EXPECT_THAT(group.remove(), IsEmpty());
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

TEST(Group, WithoutOneAnswersNothing) {
  Group group;
  EXPECT_EQ(group.layout(), Layout::none);
  EXPECT_THAT(group.join_fds(), IsEmpty());
  EXPECT_EQ(group.clone_fd(), -1);
  EXPECT_EQ(group.oom_fd(), -1);
  EXPECT_THAT(group.limits(), IsEmpty());
  EXPECT_THAT(group.directories(), IsEmpty());
  EXPECT_FALSE(group.read().memory_peak);
  EXPECT_EQ(group.source("cpu"), "");
  group.kill();
  EXPECT_THAT(group.remove(), IsEmpty());
}

TEST(Group, ASiteWithoutAPlaceRunsUncappedUnlessACapIsAskedFor) {
  GroupSite nowhere;
  nowhere.reason = "no writable cgroup (/x is root's)";
  nowhere.hint = "ask root";
  const Group group = Group::create(nowhere, {}, run_id("none"), false);
  ASSERT_THAT(group.limits(), SizeIs(1));
  EXPECT_EQ(group.limits()[0].enforced, "");
  EXPECT_EQ(group.limits()[0].by, nowhere.reason);
  try {
    Group::create(nowhere, all_caps(), run_id("none"), false);
    FAIL() << "three caps and no group";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "cannot enforce --memory 64M and --cpus 0.5 and --pids 10: no writable cgroup (/x "
                 "is root's)");
    EXPECT_EQ(error.hint(), "ask root   (or --best-effort: run without these caps)");
    EXPECT_EQ(error.exit_code(), 125);
  }
  EXPECT_THAT(Group::create(nowhere, all_caps(), run_id("none"), true).limits(), SizeIs(3));
}

// As where no descriptor is free: nothing was given to anybody yet.
TEST(Group, ADirectoryThatCannotBeOpenedIsRemoved) {
  REQUIRE_MEMORY_GROUP();
  const GroupSite site = site_here();
  const auto count = [&] { return subfolders(AT_FDCWD, site.places[0].directory.c_str()).size(); };
  const std::size_t before = count();
  EXPECT_EQ(in_child([&] {
              const rlimit none{3, 3};
              ::setrlimit(RLIMIT_NOFILE, &none);
              try {
                (void)Group::create(site, all_caps(), run_id("full"), false);
              } catch (const Error& error) {
                return std::string_view{error.what()}.find("EMFILE") == std::string_view::npos ? 1
                                                                                               : 0;
              }
              return 2;
            }),
            0);
  EXPECT_EQ(count(), before);
}

TEST(Group, AParentThatVanishedIsNamed) {
  REQUIRE_MEMORY_GROUP();
  GroupSite site = site_here();
  for (GroupPlace& place : site.places) place.directory += "/no-such-group";
  try {
    Group::create(site, memory_cap(64 * kMiB), run_id("gone"), false);
    FAIL() << "made a group beneath nothing";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("cannot enforce --memory 64M: cannot create group " +
                                        site.places[0].directory));
    EXPECT_THAT(error.what(), HasSubstr("ENOENT"));
  }
  EXPECT_EQ(Group::create(site, {}, run_id("gone"), false).layout(), Layout::none);
}

TEST(Group, NothingStaysWhereOnlySomeHierarchiesCouldBeUsed) {
  REQUIRE_LAYOUT(v1);
  REQUIRE_MEMORY_GROUP();
  GroupSite site = site_here();
  site.places.back().directory += "/no-such-group";
  Group::create(site, {}, run_id("half"), false);
  EXPECT_FALSE(exists(site.places.front().directory + "/sandbox-exec-" + run_id("half")));
}

bool become_ordinary() {
  return ::geteuid() != 0 ||
         (::setresgid(1000, 1000, 1000) == 0 && ::setresuid(1000, 1000, 1000) == 0);
}

TEST(Group, AnOrdinaryUserWithoutDelegationIsToldWhyAndWhatToDo) {
  const bool undelegated = find_site(read_cgroup_view()).layout == Layout::none;
  REQUIRE_HOST(::geteuid() == 0 || undelegated, "this user has a delegated group", "v1-root",
               "v1-user", "v2-root");
  const int status = in_child([] {
    if (!become_ordinary()) return 1;
    const GroupSite site = find_site(read_cgroup_view());
    if (site.layout != Layout::none) return 2;
    try {
      Group::create(site, memory_cap(256 * kMiB), run_id("user"), false);
    } catch (const Error& error) {
      const std::string said = error.what();
      if (said.find("cannot enforce --memory 256M: no writable cgroup (") != 0) return 3;
      if (said.find("is root's)") == std::string::npos) return 4;
      return error.hint().empty() ? 5 : 0;
    }
    return 6;
  });
  EXPECT_TRUE(exited_with(status, 0)) << "step " << WEXITSTATUS(status);
}

// --- peculiar to v1

TEST(GroupV1, AKillIsNotSwitchedOffByTheGroupAbove) {
  REQUIRE_LAYOUT(v1);
  REQUIRE_MEMORY_GROUP();
  GroupSite site = site_here();
  const Group outer = Group::create(site, {}, run_id("outer"), false);
  const std::string above = directory_of(site, outer, "memory");
  ASSERT_EQ(write_file_at(AT_FDCWD, (above + "/memory.oom_control").c_str(), "1"), 0);
  site.places = {{{"memory"}, above, "/", "/"}};
  const Group group = Group::create(site, memory_cap(32 * kMiB), run_id("inner"), false);
  EXPECT_THAT(text_of(group.directories()[0] + "/memory.oom_control"),
              HasSubstr("oom_kill_disable 0"));
}

TEST(GroupV1, AStricterQuotaAboveMeetsTheWish) {
  REQUIRE_LAYOUT(v1);
  REQUIRE_MEMORY_GROUP();
  GroupSite site = site_here();
  Limits outer_limits;
  outer_limits.cpus = 0.5;
  const Group outer = Group::create(site, outer_limits, run_id("outer"), false);
  const std::string above = directory_of(site, outer, "cpu");
  site.places = {{{"cpu"}, above, "/", "/"}};
  Limits limits;
  limits.cpus = 2;
  const Group group = Group::create(site, limits, run_id("inner"), false);
  EXPECT_EQ(record(group, "cpus")->enforced, "50000 100000");
  EXPECT_EQ(record(group, "cpus")->by,
            "cgroup v1 cpu.cfs_quota_us of " + above + ", which is stricter");
}

TEST(GroupV1, WithoutAMemoryCapThereIsNoOomWatch) {
  REQUIRE_LAYOUT(v1);
  REQUIRE_MEMORY_GROUP();
  const Group group = Group::create(site_here(), {}, run_id("nowatch"), false);
  EXPECT_EQ(group.oom_fd(), -1);
  EXPECT_EQ(group.read().oom_kills, 0u) << "counted all the same";
}

TEST(GroupV1, AProcessCanJoinAHierarchySharedWithCpusets) {
  REQUIRE_LAYOUT(v1);
  REQUIRE_MEMORY_GROUP();
  GroupSite site = site_here();
  const std::string own = read_cgroup_view().self_cgroup;
  const bool here =
      own.find(":cpuset:/\n") != std::string::npos && exists("/sys/fs/cgroup/cpuset/cpuset.mems");
  if (!here) GTEST_SKIP() << "skipped: our cpuset group is not /sys/fs/cgroup/cpuset";
  site.places.push_back({{"cpuset"}, "/sys/fs/cgroup/cpuset", "/", "/"});
  const Group group = Group::create(site, {}, run_id("cpuset"), false);
  Member member{group, [] { return 0; }};
  EXPECT_TRUE(exited_with(member.wait(), 0));
}

TEST(GroupV1, AnOrdinaryUserUsesAGroupThatRootGaveIt) {
  REQUIRE_LAYOUT(v1);
  REQUIRE_ROOT();
  const GroupSite site = site_here();
  const Group given = Group::create(site, {}, run_id("given"), false);
  const std::string directory = directory_of(site, given, "memory");
  ASSERT_EQ(::chown(directory.c_str(), 1000, 1000), 0);
  const int status = in_child([&] {
    if (!become_ordinary()) return 1;
    CgroupView view = read_cgroup_view();
    view.sandbox_cgroup = directory;
    const GroupSite found = find_site(view);
    if (!found.has("memory") || found.places[0].directory != directory) return 2;
    const Group group = Group::create(found, memory_cap(32 * kMiB), run_id("theirs"), false);
    Member hog{group, [] {
                 touch(256 * kMiB);
                 return 0;
               }};
    if (!killed_by(hog.wait(), SIGKILL)) return 3;
    return group.read().oom_kills == 1u ? 0 : 4;
  });
  EXPECT_TRUE(exited_with(status, 0)) << "step " << WEXITSTATUS(status);
}

// --- peculiar to v2

TEST(GroupV2, AGivenDirectoryIsCompletedAndUsed) {
  REQUIRE_LAYOUT(v2);
  REQUIRE_MEMORY_GROUP();
  const Group given = Group::create(site_here(), {}, run_id("given"), false);
  CgroupView view = read_cgroup_view();
  view.sandbox_cgroup = given.directories()[0];
  const GroupSite site = find_site(view);
  EXPECT_THAT(site.to_enable, SizeIs(3));
  const Group group = Group::create(site, all_caps(), run_id("inside"), false);
  EXPECT_EQ(group.directories()[0], view.sandbox_cgroup + "/sandbox-exec-" + run_id("inside"));
  Member member{group, [] { return 7; }};
  EXPECT_TRUE(exited_with(member.wait(), 7));
}

TEST(GroupV2, ControllersThatThePlaceLacksAreTurnedOn) {
  REQUIRE_LAYOUT(v2);
  REQUIRE_MEMORY_GROUP();
  GroupSite site = site_here();
  const Group outer = Group::create(site, {}, run_id("outer"), false);
  site.places[0].directory = outer.directories()[0];
  site.to_enable = {"memory", "pids"};
  const Group group = Group::create(site, memory_cap(64 * kMiB), run_id("inner"), true);
  EXPECT_EQ(text_of(site.places[0].directory + "/cgroup.subtree_control"), "memory pids");
  EXPECT_EQ(text_of(group.directories()[0] + "/memory.max"), "67108864");
}

TEST(GroupV2, RemoveWarnsOfACapThatWasTakenAway) {
  REQUIRE_LAYOUT(v2);
  REQUIRE_MEMORY_GROUP();
  GroupSite site = site_here();
  const Group outer = Group::create(site, {}, run_id("outer"), false);
  site.places[0].directory = outer.directories()[0];
  site.to_enable = {"memory", "cpu", "pids"};
  Group group = Group::create(site, all_caps(), run_id("inner"), false);
  const std::string control = outer.directories()[0] + "/cgroup.subtree_control";
  ASSERT_EQ(write_file_at(AT_FDCWD, control.c_str(), "-cpu"), 0);
  const std::vector<std::string> warnings = group.remove();
  ASSERT_THAT(warnings, SizeIs(1));
  EXPECT_THAT(warnings[0], HasSubstr("cpu.max did not hold to the end"));
}

}  // namespace
}  // namespace sandbox
