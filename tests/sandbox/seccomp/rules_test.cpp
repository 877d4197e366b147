// The deny list itself: a change of it must show in review as a change of this text.
#include "seccomp/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "seccomp/profile.h"
#include "sys/error.h"

namespace sandbox {
namespace {

std::string text_of(std::span<const Rule> rules) {
  std::string text = "\n";
  for (const Rule& rule : rules) text += rule_text(rule) + "\n";
  return text;
}

TEST(SeccompRules, DenyListReadsAsReviewed) {
  EXPECT_EQ(text_of(deny_rules()), R"(
clone where argument 0 has CLONE_NEW*: EPERM, --allow=userns
clone3: ENOSYS, --allow=userns
unshare where argument 0 has CLONE_NEW*: EPERM, --allow=userns
setns: EPERM, --allow=userns
mount: EPERM, --allow=userns
umount: EPERM, --allow=userns
umount2: EPERM, --allow=userns
pivot_root: EPERM, --allow=userns
move_mount: EPERM, --allow=userns
open_tree: EPERM, --allow=userns
fsopen: EPERM, --allow=userns
fsconfig: EPERM, --allow=userns
fsmount: EPERM, --allow=userns
fspick: EPERM, --allow=userns
mount_setattr: EPERM, --allow=userns
io_uring_setup: ENOSYS, --allow=io-uring
io_uring_enter: ENOSYS, --allow=io-uring
io_uring_register: ENOSYS, --allow=io-uring
bpf: EPERM, --allow=bpf
perf_event_open: EPERM, --allow=perf
add_key: EPERM, --allow=keyring
request_key: EPERM, --allow=keyring
keyctl: EPERM, --allow=keyring
userfaultfd: EPERM, --allow=userfaultfd
socket where argument 0 is AF_VSOCK: EAFNOSUPPORT, not on i386, --allow=vsock
socket where argument 0 is AF_ALG: EAFNOSUPPORT, not on i386, --allow=kernel-crypto
ioctl where argument 1 is TIOCSTI: EPERM, --allow=terminal-input
ioctl where argument 1 is TIOCLINUX: EPERM, --allow=terminal-input
open_by_handle_at: EPERM, --allow=file-handles
prlimit64 where argument 0 is 1 and argument 2 is not null: EPERM
init_module: EPERM
finit_module: EPERM
delete_module: EPERM
kexec_load: EPERM
kexec_file_load: EPERM
reboot: EPERM
swapon: EPERM
swapoff: EPERM
acct: EPERM
quotactl: EPERM
quotactl_fd: EPERM
settimeofday: EPERM
stime: EPERM
clock_settime: EPERM
clock_settime64: EPERM
iopl: EPERM
ioperm: EPERM
syslog: EPERM
lookup_dcookie: EPERM
vhangup: EPERM
)");
}

TEST(SeccompRules, KillWatchReadsAsReviewed) {
  EXPECT_EQ(text_of(kill_watch_rules()), R"(
kill where argument 1 is SIGKILL: notify
tkill where argument 1 is SIGKILL: notify
tgkill where argument 2 is SIGKILL: notify
rt_sigqueueinfo where argument 1 is SIGKILL: notify
rt_tgsigqueueinfo where argument 2 is SIGKILL: notify
pidfd_send_signal where argument 1 is SIGKILL: notify
)");
}

TEST(SeccompRules, EveryRuleNamesAnAllowGroupOrNone) {
  for (const Rule& rule : deny_rules()) {
    const auto named = [&](const AllowGroup& group) { return group.name == rule.group; };
    EXPECT_TRUE(rule.group.empty() || std::ranges::any_of(allow_groups(), named)) << rule.group;
  }
}

TEST(SeccompRules, EveryAllowGroupLiftsSomething) {
  for (const AllowGroup& group : allow_groups()) {
    if (group.name == kNewerCallsGroup) continue;
    const auto lifted = [&](const Rule& rule) { return rule.group == group.name; };
    EXPECT_TRUE(std::ranges::any_of(deny_rules(), lifted)) << group.name;
  }
}

TEST(SeccompRules, AllowGroupsAreSummedUpInOneLine) {
  for (const AllowGroup& group : allow_groups()) {
    EXPECT_FALSE(group.summary.empty()) << group.name;
    EXPECT_LT(group.summary.size(), 90u) << group.name;
    EXPECT_EQ(group.summary.find('\n'), std::string_view::npos) << group.name;
  }
}

Error refusal(const std::string& word) {
  try {
    build_filter({word}, KillWatch::off);
  } catch (const Error& error) {
    return error;
  }
  return Error{"not refused: " + word};
}

TEST(SeccompRules, UnknownAllowGroupIsRefusedInTheUsersWords) {
  EXPECT_STREQ(refusal("iouring").what(), "--allow=iouring: no such group of system calls");
  EXPECT_EQ(refusal("iouring").exit_code(), 125);
}

TEST(SeccompRules, UnknownAllowGroupHintsAtTheNearest) {
  EXPECT_THAT(refusal("iouring").hint(), testing::HasSubstr("io-uring"));
  EXPECT_THAT(refusal("user-ns").hint(), testing::HasSubstr("userns"));
}

TEST(SeccompRules, UnknownAllowGroupNearNoneListsThemAll) {
  for (const AllowGroup& group : allow_groups())
    EXPECT_THAT(refusal("everything-please").hint(), testing::HasSubstr(std::string(group.name)));
}

}  // namespace
}  // namespace sandbox
