#include "policy/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "policy/words.h"
#include "sandbox/policy/fake_world.h"

namespace sandbox {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

class Settings : public testing::Test {
 protected:
  // Applies one value as the command line would.
  void set(const std::string& name, const std::string& value) {
    const Setting* setting = find_setting(name);
    ASSERT_NE(setting, nullptr) << name;
    setting->apply(policy_, value, {world_, world_.directory, "--" + name + " "});
  }
  std::string refused(const std::string& name, const std::string& value) {
    return refusal([&] { set(name, value); });
  }

  FakeWorld world_;
  Policy policy_;
};

TEST_F(Settings, CapsAreSet) {
  set("memory", "256M");
  set("cpus", "1.5");
  set("cpuset", "0-1");
  set("pids", "99");
  set("timeout", "30");
  set("cpu-time", "2m");
  set("grace", "0");
  EXPECT_EQ(policy_.limits.memory, Bytes{256u << 20});
  EXPECT_EQ(policy_.limits.cpus, 1.5);
  EXPECT_THAT(policy_.limits.cpuset->cpus, ElementsAre(0, 1));
  EXPECT_EQ(policy_.limits.pids, 99u);
  EXPECT_TRUE(policy_.limits.pids_asked);
  EXPECT_EQ(policy_.limits.timeout, milliseconds(30'000));
  EXPECT_EQ(policy_.limits.cpu_time, milliseconds(120'000));
  EXPECT_EQ(policy_.limits.grace, milliseconds(0));
}

TEST_F(Settings, NoneLiftsACap) {
  for (const char* name : {"memory", "cpus", "cpuset", "timeout", "cpu-time"}) {
    set(name, std::string_view(name) == "memory" ? "1G" : "1");
    set(name, "none");
  }
  EXPECT_EQ(policy_.limits.memory, std::nullopt);
  EXPECT_EQ(policy_.limits.cpus, std::nullopt);
  EXPECT_EQ(policy_.limits.cpuset, std::nullopt);
  EXPECT_EQ(policy_.limits.timeout, std::nullopt);
  EXPECT_EQ(policy_.limits.cpu_time, std::nullopt);
}

TEST_F(Settings, ALimitOfNoTimeIsRefused) {
  EXPECT_EQ(refused("timeout", "0"),
            "0: a limit of no time lets nothing start\nhint: no limit is written none");
  EXPECT_THAT(refused("cpu-time", "0ms"), HasSubstr("a limit of no time"));
}

TEST_F(Settings, ProjectIsAFolderOrAWord) {
  set("project", "data");
  EXPECT_EQ(policy_.project.choice, Project::Choice::directory);
  EXPECT_EQ(policy_.project.directory, "/home/u/proj/data");
  set("project", "none");
  EXPECT_EQ(policy_.project.choice, Project::Choice::none);
  set("project", "auto");
  EXPECT_EQ(policy_.project.choice, Project::Choice::automatic);
  EXPECT_EQ(refused("project", "nowhere"), "nowhere: cannot look at it: ENOENT");
  EXPECT_EQ(refused("project", "/dev/fuse"), "/dev/fuse: not a directory");
}

TEST_F(Settings, MountsKeepTheirOrder) {
  set("bind", "out");
  set("tmpfs", "/x");
  set("ro-bind", "data");
  set("ro-bind-try", "nowhere");
  set("device", "/dev/fuse");
  std::vector<MountKind> kinds;
  for (const Mount& mount : policy_.mounts) kinds.push_back(mount.kind);
  EXPECT_THAT(
      kinds, ElementsAre(MountKind::bind, MountKind::tmpfs, MountKind::ro_bind, MountKind::device));
}

TEST_F(Settings, ChdirIsAPlaceInside) {
  set("chdir", "build/../x");
  EXPECT_EQ(policy_.chdir, "/home/u/proj/x");
  EXPECT_THAT(refused("chdir", "~/x"), HasSubstr("write $HOME/x"));
  EXPECT_THAT(refused("chdir", ""), HasSubstr("an empty path"));
}

TEST_F(Settings, OfTwoWordsForOneVariableTheLaterWins) {
  set("setenv", "A=1");
  set("unsetenv", "A");
  EXPECT_TRUE(policy_.environment.set.empty());
  EXPECT_THAT(policy_.environment.unset, ElementsAre("A"));
  set("setenv", "A=2=3");
  EXPECT_TRUE(policy_.environment.unset.empty());
  EXPECT_THAT(policy_.environment.set, ElementsAre(Pair("A", "2=3")));
  set("setenv", "A=");
  EXPECT_THAT(policy_.environment.set, ElementsAre(Pair("A", "")));
  set("keep-env", "B");
  set("unsetenv", "B");
  EXPECT_TRUE(policy_.environment.keep.empty());
  set("keep-env", "B");
  EXPECT_TRUE(policy_.environment.unset.empty());
}

TEST_F(Settings, BadVariablesAreRefused) {
  EXPECT_THAT(refused("setenv", "A"), HasSubstr("A: no '=' in it\nhint: it is written NAME=VALUE"));
  EXPECT_THAT(refused("setenv", "=secret"), testing::Not(HasSubstr("secret")));
  EXPECT_THAT(refused("setenv", "A B=1"), HasSubstr("no blank"));
  EXPECT_THAT(refused("keep-env", "A=1"), HasSubstr("A=1: a name has no '=' in it"));
  EXPECT_THAT(refused("keep-env", "A,B"), HasSubstr("one name at a time"));
  EXPECT_THAT(refused("unsetenv", ""), HasSubstr("empty"));
  EXPECT_THAT(refused("env-file", "nowhere"), HasSubstr("nowhere: cannot read it: ENOENT"));
  EXPECT_THAT(refused("env", "none"), HasSubstr("none: not one of inherit, clean"));
}

TEST_F(Settings, NetworkNoneIsLoopback) {
  set("network", "host");
  EXPECT_EQ(policy_.network, Network::host);
  set("network", "none");
  EXPECT_EQ(policy_.network, Network::loopback);
  EXPECT_EQ(refused("network", "hots"),
            "hots: not one of loopback, host, off, none\nhint: did you mean host?");
}

TEST_F(Settings, WordsOfEnumsAreSet) {
  set("isolation", "none");
  set("seccomp", "off");
  set("env", "clean");
  set("signal-exit", "code");
  set("if-unsupported", "skip");
  EXPECT_EQ(policy_.isolation, Isolation::none);
  EXPECT_EQ(policy_.seccomp, SeccompMode::off);
  EXPECT_EQ(policy_.environment.mode, EnvironmentMode::clean);
  EXPECT_TRUE(policy_.reporting.signal_exit_as_code);
  EXPECT_EQ(policy_.reporting.if_unsupported, IfUnsupported::skip);
}

TEST_F(Settings, AllowTakesListsOfKnownNames) {
  world_.allowed = {"userns", "io-uring", "bpf"};
  set("allow", "userns,bpf");
  set("allow", "userns");
  EXPECT_THAT(policy_.allow, ElementsAre("userns", "bpf"));
  EXPECT_EQ(refused("allow", "userns,iouring"),
            "iouring: no such group of system calls\nhint: did you mean io-uring?");
  EXPECT_THAT(refused("allow", ""), HasSubstr("an empty word"));
  EXPECT_THAT(refused("allow", "bpf,,userns"), HasSubstr("\"\": no such group"));
}

TEST_F(Settings, IdsAreThose32BitsCanHold) {
  set("uid", "0");
  set("gid", "4294967294");
  EXPECT_EQ(policy_.uid, 0u);
  EXPECT_EQ(policy_.gid, 4294967294u);
  EXPECT_THAT(refused("uid", "4294967295"), HasSubstr("too large"));
  EXPECT_THAT(refused("uid", "root"), HasSubstr("root: not a whole number"));
}

TEST_F(Settings, DescriptorsMustBeOpenNow) {
  world_.open_fds.insert(7);
  set("keep-fd", "7");
  set("keep-fd", "7");
  set("keep-fd", "1");
  EXPECT_THAT(policy_.keep_fds, ElementsAre(7));
  EXPECT_EQ(refused("keep-fd", "9"), "9: no such file descriptor is open");
  EXPECT_THAT(refused("keep-fd", "99999999999"), HasSubstr("too large"));
  set("report", "fd:7");
  EXPECT_EQ(policy_.reporting.report, "fd:7");
  EXPECT_THAT(refused("report", "fd:9"), HasSubstr("fd:9: 9: no such file descriptor"));
  EXPECT_THAT(refused("report", "fd:x"), HasSubstr("fd:x: x: not a whole number"));
  set("events", "fd:7");
  EXPECT_EQ(policy_.reporting.events, "fd:7");
  EXPECT_THAT(refused("events", "fd:9"), HasSubstr("fd:9: 9: no such file descriptor"));
  EXPECT_EQ(policy_.reporting.events, "fd:7");
}

TEST_F(Settings, ReportPathsAreAbsolute) {
  set("report", "r.json");
  set("report-dir", "reports/");
  set("events", "e.jsonl");
  EXPECT_EQ(policy_.reporting.events, "/home/u/proj/e.jsonl");
  EXPECT_EQ(policy_.reporting.report, "/home/u/proj/r.json");
  EXPECT_EQ(policy_.reporting.report_dir, "/home/u/proj/reports");
  EXPECT_THAT(refused("report", ""), HasSubstr("an empty path"));
  EXPECT_THAT(refused("name", ""), HasSubstr("an empty word"));
}

TEST_F(Settings, OfALayerTheEnvFileComesFirst) {
  world_.texts["/home/u/proj/e"] = "A=file\nB=file\n";
  Problems problems;
  const std::vector<Assignment> layer{{find_setting("setenv"), "A=flag", ""},
                                      {find_setting("env-file"), "e", ""}};
  apply_all(policy_, layer, world_, world_.directory, problems);
  EXPECT_TRUE(problems.empty());
  EXPECT_THAT(policy_.environment.set,
              testing::UnorderedElementsAre(Pair("A", "flag"), Pair("B", "file")));
}

TEST_F(Settings, NamesAreUniqueAndFindable) {
  std::set<std::string> names;
  for (const Setting& setting : settings()) {
    EXPECT_TRUE(names.insert(setting.name).second) << setting.name;
    EXPECT_EQ(find_setting(setting.name), &setting);
    EXPECT_EQ(std::string_view(setting.argument).empty(), setting.kind == ValueKind::flag);
  }
  EXPECT_EQ(find_setting("memroy"), nullptr);
  EXPECT_EQ(key_of(*find_setting("ro-bind-try")), "ro_bind_try");
}

}  // namespace
}  // namespace sandbox
