// Golden plans: what a policy means on a host, as --dry-run shows it. UPDATE_GOLDEN=1 writes them
// anew.
#include "plan/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/mount.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "sandbox/plan/hosts.h"
#include "sys/error.h"

namespace sandbox {
namespace {

using child::Op;

void expect_golden(const std::string& name, const Plan& plan) {
  const std::string path = std::string{GOLDEN_DIR} + "/" + name + ".txt";
  if (std::getenv("UPDATE_GOLDEN")) std::ofstream{path} << print_plan(plan);
  std::ifstream file{path};
  std::stringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(golden.str(), print_plan(plan)) << "golden file: " << path;
}

const Step* find(const std::vector<Step>& steps, Op op, const std::string& destination) {
  const auto step = std::ranges::find_if(steps, [&](const Step& s) {
    return s.op == op && (s.text2 == destination || s.text == destination);
  });
  return step == steps.end() ? nullptr : &*step;
}

std::ptrdiff_t index_of(const std::vector<Step>& steps, Op op) {
  return std::ranges::find(steps, op, &Step::op) - steps.begin();
}

TEST(Plan, OrdinaryUserOnV2) {
  expect_golden("user-v2", make_plan(plain_policy(), user_on_v2()));
}

TEST(Plan, RootOnV1IsAnUnusedIdWithMappedMounts) {
  expect_golden("root-v1", make_plan(plain_policy(), root_on_v1()));
}

TEST(Plan, RootOnAnOverlayStaysRootWithoutCapabilities) {
  Host host = root_on_v1();
  host.ids_mappable = false;
  host.unmappable = "/ (overlay)";
  expect_golden("root-overlay", make_plan(plain_policy(), host));
}

TEST(Plan, UnderSudoTheTestIsTheProjectsOwner) {
  Host host = root_on_v1();
  host.project_uid = host.project_gid = 1000;
  const Plan plan = make_plan(plain_policy(), host);
  EXPECT_EQ(1000u, plan.identity.uid_outside);
  EXPECT_EQ("project owner", plan.identity.how);
  EXPECT_FALSE(plan.identity.id_mapped);
}

TEST(Plan, EveryOption) {
  Policy policy = plain_policy();
  policy.network = Network::host;
  policy.chdir = "/tmp/out";
  policy.uid = 7;
  policy.gid = 8;
  policy.core = true;
  policy.seccomp = SeccompMode::off;
  policy.keep_fds = {5};
  policy.limits.memory = Bytes{64 << 20};
  policy.limits.cpuset = CpuSet{false, {1}};
  policy.limits.timeout = std::chrono::seconds{30};
  policy.mounts = {{MountKind::bind, "/srv/out", "/tmp/out", {}, "--bind /srv/out:/tmp/out"},
                   {MountKind::tmpfs, "", "/var/cache", Bytes{1 << 20}, "--tmpfs /var/cache:1M"},
                   {MountKind::ro_bind_try, "/none", "/none", {}, "--ro-bind-try /none"},
                   {MountKind::device, "/dev/kvm", "/dev/kvm", {}, "--device /dev/kvm"}};
  Host host = user_on_v2();
  host.resolver = "/run/systemd/resolve/stub-resolv.conf";
  host.sources = {{true, true, 1, 2}, {}, {}, {true, false, 1, 3}};
  expect_golden("every-option", make_plan(policy, host));
}

TEST(Plan, WithoutIsolationThereAreNoNamespacesAndNoMounts) {
  Policy policy = plain_policy();
  policy.isolation = Isolation::none;
  expect_golden("isolation-none", make_plan(policy, root_on_v1()));
}

TEST(Plan, ProcIsMountedBeforeTheOldRootGoes) {
  const Plan plan = make_plan(plain_policy(), user_on_v2());
  EXPECT_LT(index_of(plan.init, Op::proc), index_of(plan.init, Op::pivot));
}

TEST(Plan, V1JoinsBeforeItEntersACgroupNamespace) {
  const Plan plan = make_plan(plain_policy(), root_on_v1());
  EXPECT_LT(index_of(plan.init, Op::join_group), index_of(plan.init, Op::unshare_cgroup));
  EXPECT_FALSE(plan.clone_flags & CLONE_NEWCGROUP);
}

TEST(Plan, IdsAreChangedBeforeAnythingIsMade) {
  const Plan plan = make_plan(plain_policy(), root_on_v1());
  EXPECT_LT(index_of(plan.init, Op::become), index_of(plan.init, Op::tmpfs));
  EXPECT_LT(index_of(plan.init, Op::become), index_of(plan.init, Op::parent_death));
}

TEST(Plan, AProjectOutsideTheFreshPlacesNeedsNoBind) {
  Host host = user_on_v2();
  host.project.folders = {{"/srv/project", "git work tree"}};
  EXPECT_EQ(nullptr, find(make_plan(plain_policy(), host).init, Op::bind_path, "/srv/project"));
  EXPECT_NE(nullptr,
            find(make_plan(plain_policy(), user_on_v2()).init, Op::bind_path, "/home/u/project"));
}

TEST(Plan, DeclaredOutputsAreWritable) {
  Host host = user_on_v2();
  host.outputs.outputs = {{"/home/u/project/out.xml", false, "--gtest_output"}};
  const Plan plan = make_plan(plain_policy(), host);
  const Step* bind = find(plan.init, Op::bind_path, "/home/u/project/out.xml");
  ASSERT_NE(nullptr, bind);
  EXPECT_FALSE(bind->flags & MOUNT_ATTR_RDONLY);
  EXPECT_THAT(plan.outputs_to_create, testing::ElementsAre("/home/u/project/out.xml"));
}

TEST(Plan, FreshPlacesAreHalfTheMemoryCap) {
  Policy policy = plain_policy();
  policy.limits.memory = Bytes{100 << 20};
  const Plan plan = make_plan(policy, user_on_v2());
  EXPECT_THAT(find(plan.init, Op::tmpfs, "/tmp")->text2, testing::HasSubstr("size=52428800,"));
}

TEST(Plan, ATerminalIsKept) {
  Host host = user_on_v2();
  EXPECT_EQ(0, index_of(make_plan(plain_policy(), host).test, Op::new_session));
  host.terminal = true;
  EXPECT_EQ(std::ssize(make_plan(plain_policy(), host).test),
            index_of(make_plan(plain_policy(), host).test, Op::new_session));
}

TEST(Plan, ACpuThatIsNotThereIsNamed) {
  Policy policy = plain_policy();
  policy.limits.cpuset = CpuSet{false, {7}};
  try {
    make_plan(policy, user_on_v2());
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_STREQ("cannot enforce --cpuset: CPU 7 is not among those this process may use",
                 error.what());
    EXPECT_EQ("allowed here: 0,1", error.hint());
  }
}

TEST(Plan, WithoutAGroupTheProcessCapIsAnRlimit) {
  Host host = user_on_v2();
  host.site = {};
  const Plan plan = make_plan(plain_policy(), host);
  EXPECT_NE(nullptr, find(plan.test, Op::rlimit, ""));
  EXPECT_EQ("RLIMIT_NPROC", plan.limits.at(0).by);
}

TEST(Plan, AProcessCapThatTheHostsRootWouldIgnoreIsRefused) {
  Policy policy = plain_policy();
  policy.keep_root = true;
  policy.limits.pids_asked = true;
  Host host = root_on_v1();
  host.site = {};
  EXPECT_THROW(make_plan(policy, host), Error);
}

TEST(Plan, EveryStepHasATitle) {
  for (int op = 0; op <= static_cast<int>(Op::filter); ++op) {
    EXPECT_FALSE(step_title({.op = static_cast<Op>(op)}).empty()) << op;
  }
}

TEST(Plan, AMaskedProcHasAFix) {
  EXPECT_THAT(step_hint({.op = Op::proc}, EPERM), testing::HasSubstr("systempaths=unconfined"));
}

}  // namespace
}  // namespace sandbox
