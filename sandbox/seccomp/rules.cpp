// A deny list, not an allow list: a test suite must pass on day one, so only what reaches the host
// (kernel administration, what no namespace covers) or has been a way out of containers is refused.
// Not here, for sanitizers, debuggers and profilers need them: ptrace, personality, process_vm_*,
// kcmp, pidfd_*, seccomp, landlock_*, mbind, membarrier, rseq, memfd_secret, name_to_handle_at.
#include "seccomp/rules.h"

#include <linux/sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>

namespace sandbox {
namespace {

using Test = Condition::Test;

constexpr AllowGroup kGroups[] = {
    {"userns", "namespaces and mounts: bubblewrap, rootless containers, Chromium's sandbox"},
    {"io-uring", "io_uring_setup, io_uring_enter, io_uring_register"},
    {"bpf", "bpf"},
    {"perf", "perf_event_open: hardware counters"},
    {"keyring", "add_key, request_key, keyctl: the kernel's key store"},
    {"userfaultfd", "userfaultfd: page faults handled by the program"},
    {"vsock", "AF_VSOCK sockets: from a virtual machine to its host, past the network namespace"},
    {"kernel-crypto", "AF_ALG sockets: the kernel's ciphers"},
    {"terminal-input", "ioctl TIOCSTI and TIOCLINUX: put words into a terminal's input"},
    {"file-handles", "open_by_handle_at"},
    {kNewerCallsGroup, "system calls newer than Linux 6.13, which this list does not know"},
};

// CLONE_NEWTIME lies in clone's CSIGNAL bits: only unshare knows it.
constexpr std::uint32_t kCloneNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
                                           CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
                                           CLONE_NEWNET;
constexpr Condition kNewNamespace{Test::any_bit, 0, kCloneNamespaces, "CLONE_NEW*"};
constexpr Condition kUnshareNamespace{Test::any_bit, 0, kCloneNamespaces | CLONE_NEWTIME,
                                      "CLONE_NEW*"};
constexpr std::uint32_t kTiocLinux = 0x541C;

constexpr Rule family_denied(std::string_view group, std::uint32_t family, std::string_view words) {
  return {group,
          "socket",
          Answer::eafnosupport,
          {Test::equals, 0, family, words},
          {},
          Tables::without_socketcall};
}

constexpr Rule kDenied[] = {
    {"userns", "clone", Answer::eperm, kNewNamespace},
    // Its flags lie in memory, out of a filter's sight; glibc and Go fall back to clone.
    {"userns", "clone3", Answer::enosys},
    {"userns", "unshare", Answer::eperm, kUnshareNamespace},
    {"userns", "setns"},
    {"userns", "mount"},
    {"userns", "umount"},
    {"userns", "umount2"},
    {"userns", "pivot_root"},
    {"userns", "move_mount"},
    {"userns", "open_tree"},
    {"userns", "fsopen"},
    {"userns", "fsconfig"},
    {"userns", "fsmount"},
    {"userns", "fspick"},
    {"userns", "mount_setattr"},
    {"io-uring", "io_uring_setup", Answer::enosys},
    {"io-uring", "io_uring_enter", Answer::enosys},
    {"io-uring", "io_uring_register", Answer::enosys},
    {"bpf", "bpf"},
    {"perf", "perf_event_open"},
    {"keyring", "add_key"},
    {"keyring", "request_key"},
    {"keyring", "keyctl"},
    {"userfaultfd", "userfaultfd"},
    family_denied("vsock", AF_VSOCK, "AF_VSOCK"),
    family_denied("kernel-crypto", AF_ALG, "AF_ALG"),
    {"terminal-input", "ioctl", Answer::eperm, {Test::equals, 1, TIOCSTI, "TIOCSTI"}},
    {"terminal-input", "ioctl", Answer::eperm, {Test::equals, 1, kTiocLinux, "TIOCLINUX"}},
    {"file-handles", "open_by_handle_at"},
    // The sandbox's PID 1 has the test's own uid: RLIMIT_CPU 0 on it would end everything.
    {"", "prlimit64", Answer::eperm, {Test::equals, 0, 1, "1"}, {Test::not_null, 2, 0, "null"}},
    {"", "init_module"},
    {"", "finit_module"},
    {"", "delete_module"},
    {"", "kexec_load"},
    {"", "kexec_file_load"},
    {"", "reboot"},
    {"", "swapon"},
    {"", "swapoff"},
    {"", "acct"},
    {"", "quotactl"},
    {"", "quotactl_fd"},
    {"", "settimeofday"},
    {"", "stime"},
    {"", "clock_settime"},
    {"", "clock_settime64"},
    {"", "iopl"},
    {"", "ioperm"},
    {"", "syslog"},
    {"", "lookup_dcookie"},
    {"", "vhangup"},
};

constexpr Rule watched(std::string_view call, unsigned argument) {
  return {"", call, Answer::notify, {Test::equals, argument, SIGKILL, "SIGKILL"}};
}

constexpr Rule kWatched[] = {
    watched("kill", 1),
    watched("tkill", 1),
    watched("tgkill", 2),
    watched("rt_sigqueueinfo", 1),
    watched("rt_tgsigqueueinfo", 2),
    watched("pidfd_send_signal", 1),
};

std::string_view answer_text(Answer answer) {
  switch (answer) {
    case Answer::eperm:
      return "EPERM";
    case Answer::enosys:
      return "ENOSYS";
    case Answer::eafnosupport:
      return "EAFNOSUPPORT";
    case Answer::notify:
      return "notify";
  }
  return "";
}

std::string_view test_text(Test test) {
  switch (test) {
    case Test::always:
      return "";
    case Test::any_bit:
      return " has ";
    case Test::equals:
      return " is ";
    case Test::not_null:
      return " is not ";
  }
  return "";
}

std::string condition_text(const Condition& condition) {
  return "argument " + std::to_string(condition.argument) + std::string(test_text(condition.test)) +
         std::string(condition.words);
}

}  // namespace

std::span<const AllowGroup> allow_groups() {
  return kGroups;
}
std::span<const Rule> deny_rules() {
  return kDenied;
}
std::span<const Rule> kill_watch_rules() {
  return kWatched;
}

std::string rule_text(const Rule& rule) {
  std::string text(rule.call);
  if (rule.first.test != Test::always) text += " where " + condition_text(rule.first);
  if (rule.second.test != Test::always) text += " and " + condition_text(rule.second);
  text += ": ";
  text += answer_text(rule.answer);
  if (rule.tables == Tables::without_socketcall) text += ", not on i386";
  if (!rule.group.empty()) text += ", --allow=" + std::string(rule.group);
  return text;
}

}  // namespace sandbox
