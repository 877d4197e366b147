// --doctor's conclusions from injected facts, and how they read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "cli/doctor_checks.h"
#include "cli/doctor_print.h"

namespace sandbox {
namespace {

using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

// A host that lacks nothing, for an ordinary user.
HostFacts good_host() {
  HostFacts facts;
  facts.kernel = "6.1.0-18-amd64";
  facts.uid = 1000;
  facts.where = {Where::laptop};
  facts.site.layout = Layout::v2;
  facts.site.places = {{{"memory", "cpu", "pids"}, "/sys/fs/cgroup/ci", "/ci", "/ci"}};
  return facts;
}

// What follows a step that fails is not tried.
NamespaceTrial failed_at(Trial step, int error) {
  NamespaceTrial trial;
  for (std::size_t i = static_cast<std::size_t>(step); i < kSteps; ++i) trial.errors[i] = kNotTried;
  trial.errors[static_cast<std::size_t>(step)] = error;
  return trial;
}

HostFacts without_user_namespace(int error = EPERM) {
  HostFacts facts = good_host();
  facts.namespaces = failed_at(Trial::clone, error);
  return facts;
}

Check find(const HostFacts& facts, const std::string& name) {
  for (const Check& check : check_host(facts))
    if (check.name == name) return check;
  ADD_FAILURE() << "no check " << name;
  return {};
}

bool full_run(const HostFacts& facts) {
  return full_run_possible(check_host(facts));
}

std::string fix_for(const Check& check, const std::string& where) {
  for (const Fix& fix : check.fixes)
    if (fix.where == where) return fix.text;
  return "";
}

constexpr const char* kEverywhere[] = {"GitHub Actions", "GitLab", "Docker", "Podman", "laptop"};

void expect_fix_everywhere(const Check& check) {
  for (const char* where : kEverywhere) EXPECT_NE(fix_for(check, where), "") << where;
}

TEST(Doctor, NothingMissingMeansAFullRun) {
  for (const Check& check : check_host(good_host())) {
    EXPECT_TRUE(check.ok) << check.name;
    EXPECT_NE(check.why, "") << check.name;
    EXPECT_THAT(check.fixes, IsEmpty()) << check.name;
    EXPECT_EQ(check.without, "") << check.name;
  }
  EXPECT_TRUE(full_run(good_host()));
}

TEST(Doctor, KernelMustBeFiveTwelve) {
  for (const auto& [kernel, ok] : {std::pair{"5.11.22", false},
                                   {"5.12.0", true},
                                   {"4.18.0-553.el8", false},
                                   {"6.1.0-18-amd64", true},
                                   {"5.4.0", false},
                                   {"what", false}}) {
    HostFacts facts = good_host();
    facts.kernel = kernel;
    EXPECT_EQ(find(facts, "kernel").ok, ok) << kernel;
    EXPECT_EQ(full_run(facts), ok) << kernel;
  }
}

TEST(Doctor, OldKernelIsMendedEverywhere) {
  HostFacts facts = good_host();
  facts.kernel = "5.4.0";
  expect_fix_everywhere(find(facts, "kernel"));
}

TEST(Doctor, NamesTheStepThatFailed) {
  for (const auto& [step, words] : {std::pair{Trial::clone, "cannot be created: EACCES"},
                                    {Trial::map_ids, "its id maps cannot be written: EACCES"},
                                    {Trial::private_mounts, "cannot be made private: EACCES"},
                                    {Trial::tmpfs, "nothing can be mounted in it: EACCES"}}) {
    HostFacts facts = good_host();
    facts.namespaces = failed_at(step, EACCES);
    const Check check = find(facts, "user-namespaces");
    EXPECT_FALSE(check.ok);
    EXPECT_THAT(check.why, HasSubstr(words));
    EXPECT_FALSE(full_run(facts));
  }
}

TEST(Doctor, NamesAppArmorAsTheCause) {
  HostFacts facts = good_host();
  facts.namespaces = failed_at(Trial::map_ids, EACCES);
  facts.apparmor_restricts = 1;
  const Check check = find(facts, "user-namespaces");
  EXPECT_THAT(check.why, HasSubstr("restricted by AppArmor (Ubuntu 23.10 and later)"));
  expect_fix_everywhere(check);
  EXPECT_THAT(fix_for(check, "GitHub Actions"),
              HasSubstr("sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"));
  EXPECT_FALSE(find(facts, "apparmor").ok);
  expect_fix_everywhere(find(facts, "apparmor"));
}

TEST(Doctor, AppArmorsRestrictionDoesNotConcernRoot) {
  HostFacts facts = without_user_namespace();
  facts.apparmor_restricts = 1;
  facts.privileged = true;
  EXPECT_TRUE(find(facts, "apparmor").ok);
  EXPECT_THAT(find(facts, "user-namespaces").why, Not(HasSubstr("AppArmor (Ubuntu")));
}

TEST(Doctor, AppArmorsRestrictionIsNoMatterWhereAProfileLiftsIt) {
  HostFacts facts = good_host();
  facts.apparmor_restricts = 1;
  facts.apparmor_profile = "sandbox-exec (unconfined)";
  EXPECT_THAT(find(facts, "apparmor").why, HasSubstr("profile sandbox-exec"));
  EXPECT_TRUE(full_run(facts));
}

TEST(Doctor, NamesTheSysctlAsTheCause) {
  HostFacts none_left = without_user_namespace(ENOSPC);
  none_left.max_user_namespaces = 0;
  EXPECT_THAT(fix_for(find(none_left, "user-namespaces"), "Docker"),
              HasSubstr("sudo sysctl -w user.max_user_namespaces="));
  HostFacts debian = without_user_namespace();
  debian.unprivileged_userns = 0;
  EXPECT_THAT(fix_for(find(debian, "user-namespaces"), "laptop"),
              HasSubstr("kernel.unprivileged_userns_clone=1"));
}

TEST(Doctor, NamesTheKindOfNamespaceThatIsRefused) {
  HostFacts facts = without_user_namespace(ENOSPC);
  facts.namespaces.refused = "net";
  const Check check = find(facts, "user-namespaces");
  EXPECT_THAT(check.why, HasSubstr("not with a net namespace: ENOSPC"));
  EXPECT_THAT(fix_for(check, "GitLab"), HasSubstr("user.max_net_namespaces="));
}

TEST(Doctor, NamesAContainersFilterAsTheCause) {
  HostFacts facts = without_user_namespace(ENOSYS);
  facts.seccomp_mode = 2;
  const Check check = find(facts, "user-namespaces");
  EXPECT_THAT(check.why, HasSubstr("seccomp filter is at work here"));
  EXPECT_THAT(fix_for(check, "Docker"), HasSubstr("--security-opt seccomp=unconfined"));
  expect_fix_everywhere(check);
}

TEST(Doctor, NamesAContainersAppArmorProfileAsTheCause) {
  HostFacts facts = good_host();
  facts.namespaces = failed_at(Trial::private_mounts, EACCES);
  facts.apparmor_profile = "docker-default (enforce)";
  facts.seccomp_mode = 2;
  EXPECT_THAT(find(facts, "user-namespaces").why, HasSubstr("docker-default"));
}

TEST(Doctor, NamesAChrootAndAKernelWithoutNamespaces) {
  HostFacts chrooted = without_user_namespace();
  chrooted.chrooted = true;
  EXPECT_THAT(find(chrooted, "user-namespaces").why, HasSubstr("chroot"));
  HostFacts bare = without_user_namespace(EINVAL);
  bare.userns_built_in = false;
  EXPECT_THAT(find(bare, "user-namespaces").why, HasSubstr("built without"));
}

TEST(Doctor, UnknownRefusalStillHasFixes) {
  expect_fix_everywhere(find(without_user_namespace(), "user-namespaces"));
}

TEST(Doctor, WhatStandsOnAUserNamespaceIsNotTriedWithoutOne) {
  for (const char* name : {"proc", "sys", "network", "pid-number"}) {
    const Check check = find(without_user_namespace(), name);
    EXPECT_FALSE(check.ok) << name;
    EXPECT_THAT(check.why, HasSubstr("not tried")) << name;
  }
}

TEST(Doctor, NamesWhatHidesPartsOfProc) {
  HostFacts facts = good_host();
  facts.namespaces.errors[static_cast<std::size_t>(Trial::proc)] = EPERM;
  facts.hidden_in_proc = {"/proc/acpi", "/proc/kcore"};
  const Check check = find(facts, "proc");
  EXPECT_THAT(check.why,
              HasSubstr("EPERM: parts of this one are hidden (/proc/acpi, /proc/kcore)"));
  EXPECT_THAT(fix_for(check, "Docker"), HasSubstr("systempaths=unconfined"));
  EXPECT_THAT(fix_for(check, "Podman"), HasSubstr("unmask=ALL"));
  EXPECT_THAT(fix_for(check, "GitLab"), HasSubstr("privileged = true"));
  EXPECT_FALSE(full_run(facts));
}

TEST(Doctor, NamesTheGroupThatARunWouldUse) {
  EXPECT_EQ(find(good_host(), "cgroup").why, "cgroup v2: memory, cpu, pids in /sys/fs/cgroup/ci");
}

TEST(Doctor, SaysThatProcessesWillBeMoved) {
  HostFacts facts = good_host();
  facts.site.move_to_leaf = true;
  EXPECT_THAT(find(facts, "cgroup").why, HasSubstr("moved to a leaf"));
}

TEST(Doctor, NoGroupMeansNoFullRun) {
  HostFacts facts = good_host();
  facts.site = {};
  facts.site.reason = "no writable cgroup (/user.slice is root's)";
  facts.site.hint = "systemd-run --user --scope -p Delegate=yes -- sandbox-exec …";
  const Check check = find(facts, "cgroup");
  EXPECT_EQ(check.why, facts.site.reason);
  EXPECT_EQ(fix_for(check, "here"), facts.site.hint);
  expect_fix_everywhere(check);
  EXPECT_FALSE(find(facts, "memory-cap").ok);
  EXPECT_FALSE(full_run(facts));
}

TEST(Doctor, LaptopsFixForGroupsDependsOnTheLayout) {
  HostFacts facts = good_host();
  facts.site = {};
  EXPECT_THAT(fix_for(find(facts, "cgroup"), "laptop"), HasSubstr("systemd-run --user"));
  facts.v1 = true;
  EXPECT_THAT(fix_for(find(facts, "cgroup"), "laptop"), HasSubstr("sudo"));
}

TEST(Doctor, EachMissingControllerIsItsOwnCheck) {
  HostFacts facts = good_host();
  facts.site.places[0].controllers = {"pids"};
  facts.site.reason = "memory, cpu: not enabled in /sys/fs/cgroup/cgroup.subtree_control";
  EXPECT_TRUE(find(facts, "cgroup").ok);
  EXPECT_FALSE(find(facts, "memory-cap").ok);
  EXPECT_THAT(find(facts, "cpu-cap").why, HasSubstr("cgroup.subtree_control"));
  EXPECT_TRUE(find(facts, "process-cap").ok);
  EXPECT_FALSE(full_run(facts));
}

TEST(Doctor, PidsControllerIsNotNeeded) {
  HostFacts facts = good_host();
  facts.site.places[0].controllers = {"memory", "cpu"};
  EXPECT_FALSE(find(facts, "process-cap").ok);
  EXPECT_THAT(find(facts, "process-cap").without, HasSubstr("RLIMIT_NPROC"));
  EXPECT_TRUE(full_run(facts));
}

TEST(Doctor, SwapMattersOnlyWhereItCannotBeCapped) {
  HostFacts facts = good_host();
  facts.swap_bytes = 4ull << 30;
  EXPECT_FALSE(find(facts, "swap").ok);
  EXPECT_THAT(find(facts, "swap").why, HasSubstr("4.0 GiB"));
  expect_fix_everywhere(find(facts, "swap"));
  EXPECT_TRUE(full_run(facts));
  facts.swap_capped = true;
  EXPECT_TRUE(find(facts, "swap").ok);
}

TEST(Doctor, RefusedIdMapIsNamedWithItsPlace) {
  HostFacts facts = good_host();
  facts.uid = 0;
  facts.privileged = true;
  facts.id_maps = {{"/", "overlay", false}, {"/builds", "ext4", true}};
  const auto checks = check_host(facts);
  EXPECT_THAT(checks, Contains(AllOf(Field(&Check::place, "/"), Field(&Check::ok, false),
                                     Field(&Check::why, "overlay refuses an id map"))));
  EXPECT_THAT(checks, Contains(AllOf(Field(&Check::place, "/builds"), Field(&Check::ok, true))));
  expect_fix_everywhere(find(facts, "id-mapped-mounts"));
  EXPECT_TRUE(full_run(facts));
}

TEST(Doctor, FilterIsNeededAndListenerUseful) {
  HostFacts facts = good_host();
  facts.listener_error = EBUSY;
  EXPECT_THAT(find(facts, "seccomp-notify").why, HasSubstr("EBUSY: something outside listens"));
  EXPECT_TRUE(full_run(facts));
  facts.filter_error = EINVAL;
  EXPECT_FALSE(full_run(facts));
}

// Root may trace here whatever Yama says; the test, without capabilities, may not.
TEST(Doctor, YamaFromTwoOnRefusesPtraceInside) {
  HostFacts facts = good_host();
  facts.ptrace_scope = 1;
  EXPECT_TRUE(find(facts, "ptrace").ok);
  facts.ptrace_scope = 2;
  const Check check = find(facts, "ptrace");
  EXPECT_FALSE(check.ok);
  expect_fix_everywhere(check);
  EXPECT_THAT(check.without, HasSubstr("LeakSanitizer"));
  EXPECT_TRUE(full_run(facts));
}

TEST(Doctor, FixesForThePlaceWeAreInComeFirst) {
  HostFacts facts = without_user_namespace();
  facts.where = {Where::gitlab, Where::docker};
  const Check check = find(facts, "user-namespaces");
  ASSERT_GE(check.fixes.size(), 2u);
  EXPECT_EQ(check.fixes[0].where, "GitLab");
  EXPECT_EQ(check.fixes[1].where, "Docker");
}

TEST(DoctorText, ConcludesFirst) {
  const HostFacts facts = good_host();
  EXPECT_THAT(doctor_text(facts, check_host(facts)),
              StartsWith("A full run is possible here, as uid 1000 on Linux 6.1.0-18-amd64.\n"));
}

TEST(DoctorText, NamesWhatIsLackingAndWhatStillWorks) {
  HostFacts facts = good_host();
  facts.kernel = "5.4.0";
  facts.listener_error = EINVAL;
  const std::string text = doctor_text(facts, check_host(facts));
  EXPECT_THAT(text, StartsWith("A full run is not possible here, as uid 1000 on Linux 5.4.0: "
                               "it lacks kernel.\n--best-effort"));
  EXPECT_THAT(text, HasSubstr("\nno   kernel            Linux 5.4.0; 5.12 is the oldest"));
  EXPECT_THAT(text, HasSubstr("\n     laptop: Debian 12"));
  EXPECT_THAT(text, HasSubstr("\n     without it: a SIGKILL from inside"));
  EXPECT_THAT(text, HasSubstr("\nyes  swap "));
}

TEST(DoctorText, GivesTheSameAdviceOnce) {
  HostFacts facts = good_host();
  facts.privileged = true;
  facts.id_maps = {{"/", "overlay", false}, {"/tmp", "overlay", false}};
  const std::string text = doctor_text(facts, check_host(facts));
  EXPECT_THAT(text, HasSubstr("no   id-mapped-mounts /tmp  overlay refuses"));
  const std::size_t first = text.find("docker run -v");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(text.find("docker run -v", first + 1), std::string::npos);
}

TEST(DoctorText, ShowsNoControlCharacterOfAPath) {
  HostFacts facts = good_host();
  facts.site.places[0].directory = "/sys/fs/cgroup/\x1b[31m";
  EXPECT_THAT(doctor_text(facts, check_host(facts)), Not(HasSubstr("\x1b")));
}

TEST(DoctorJson, HoldsEveryCheck) {
  HostFacts facts = without_user_namespace();
  facts.where = {Where::github_actions};
  const auto checks = check_host(facts);
  const auto json = nlohmann::json::parse(doctor_json(facts, checks));
  EXPECT_EQ(json["schema"], "sandbox-doctor/1");
  EXPECT_EQ(json["full_run"], false);
  EXPECT_EQ(json["where"], nlohmann::json({"GitHub Actions"}));
  ASSERT_EQ(json["checks"].size(), checks.size());
  for (std::size_t i = 0; i < checks.size(); ++i) {
    EXPECT_EQ(json["checks"][i]["name"], checks[i].name);
    EXPECT_EQ(json["checks"][i]["ok"], checks[i].ok);
    EXPECT_EQ(json["checks"][i]["why"], checks[i].why);
    EXPECT_EQ(json["checks"][i]["fixes"].size(), checks[i].fixes.size());
  }
}

TEST(DoctorJson, SurvivesPathsThatAreNotUtf8) {
  HostFacts facts = good_host();
  facts.site.places[0].directory = "/sys/fs/cgroup/\xff";
  EXPECT_TRUE(nlohmann::json::accept(doctor_json(facts, check_host(facts))));
}

}  // namespace
}  // namespace sandbox
