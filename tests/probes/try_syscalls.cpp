// try-syscalls [NAME…]: tries each system call in a child of its own, with arguments that would do
// something where it is allowed; prints {"mount": "EPERM", "x32": "SIGSYS", …} as JSON, "ok" where
// it succeeded. Root may do so only as a sandbox's main process: mount and umount2 do what they
// say.
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <map>
#include <nlohmann/json.hpp>

#include "probe.h"

namespace {

using Call = long (*)();

long new_user_namespace_by_clone() {
  const long child = ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
  if (child == 0) ::_exit(0);
  return child;
}

long start_a_ring() {
  unsigned char parameters[120] = {};
  return ::syscall(SYS_io_uring_setup, 1, parameters);
}

long count_cycles() {
  perf_event_attr attribute{};
  attribute.size = sizeof attribute;
  attribute.type = PERF_TYPE_SOFTWARE;
  return ::syscall(SYS_perf_event_open, &attribute, 0, -1, -1, 0);
}

long make_a_map() {
  bpf_attr attribute{};
  attribute.map_type = BPF_MAP_TYPE_ARRAY;
  attribute.key_size = attribute.value_size = 4;
  attribute.max_entries = 1;
  return ::syscall(SYS_bpf, BPF_MAP_CREATE, &attribute, sizeof attribute);
}

long type_into_terminal() {
  char letter = ' ';
  return ::ioctl(0, TIOCSTI, &letter);
}

// The kernel looks at the low 32 bits only; so must the filter.
long type_with_high_bits() {
  char letter = ' ';
  return ::syscall(SYS_ioctl, 0, (1ul << 32) | TIOCSTI, &letter);
}

long paste_into_terminal() {
  char subcode = 3;
  return ::ioctl(0, TIOCLINUX, &subcode);
}

long make_a_disk_node() {
  return ::mknod("/tmp/disk-node", S_IFBLK | 0600, makedev(8, 0));
}

long change_root() {
  return ::chroot("/proc");
}

long set_the_clock() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return ::clock_settime(CLOCK_REALTIME, &now);
}

long read_own_memory() {
  char from = 'a';
  char to = 0;
  const iovec local{&to, 1};
  const iovec remote{&from, 1};
  return ::process_vm_readv(::getpid(), &local, 1, &remote, 1, 0);
}

long add_a_filter() {
  sock_filter allow_all{6, 0, 0, SECCOMP_RET_ALLOW};
  sock_fprog program{1, &allow_all};
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

long limit_own_cpu() {
  rlimit limit{};
  return ::prlimit(0, RLIMIT_CPU, nullptr, &limit);
}

#if defined(__x86_64__)
// mount(2) through the i386 table.
long mount_by_int80() {
  long result = 21;
  asm volatile("int $0x80" : "+a"(result) : "b"(0), "c"(0), "d"(0), "S"(0), "D"(0) : "memory");
  if (result >= 0) return result;
  errno = static_cast<int>(-result);
  return -1;
}

// getpid(2) in the x32 table.
long x32() {
  return ::syscall(0x40000000 + SYS_getpid);
}

// modify_ldt(2), gone from the manuals, still a way into the kernel.
long change_ldt() {
  return ::syscall(SYS_modify_ldt, 0, nullptr, 0);
}
#endif

const std::map<std::string, Call> kCalls {
  {"acct", [] { return static_cast<long>(::syscall(SYS_acct, "/tmp/acct")); }},
      {"add_key",
       [] { return ::syscall(SYS_add_key, "user", "probe", "x", 1, KEY_SPEC_SESSION_KEYRING); }},
      {"bpf", make_a_map}, {"chroot", change_root}, {"clock_settime", set_the_clock},
      {"clone3", [] { return ::syscall(SYS_clone3, nullptr, 0); }},
      {"clone_newuser", new_user_namespace_by_clone},
      {"delete_module", [] { return ::syscall(SYS_delete_module, "no_such_module", 0); }},
      {"fsopen", [] { return ::syscall(SYS_fsopen, "tmpfs", 0); }},
      {"init_module", [] { return ::syscall(SYS_init_module, nullptr, 0, ""); }},
      {"io_uring_setup", start_a_ring},
      {"kexec_load", [] { return ::syscall(SYS_kexec_load, 0, 0, nullptr, 0); }},
      {"keyctl",
       [] { return ::syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 1); }},
      {"limit_own_cpu", limit_own_cpu},
      {"memfd_create", [] { return ::syscall(SYS_memfd_create, "probe", 0); }},
      {"mknod_disk", make_a_disk_node},
      {"mount", [] { return static_cast<long>(::mount("none", "/tmp", "tmpfs", 0, nullptr)); }},
      {"mount_setattr", [] { return ::syscall(SYS_mount_setattr, -1, "/tmp", 0, nullptr, 0); }},
      {"move_mount", [] { return ::syscall(SYS_move_mount, -1, "/tmp", -1, "/tmp", 0); }},
      {"open_by_handle_at", [] { return ::syscall(SYS_open_by_handle_at, AT_FDCWD, nullptr, 0); }},
      {"open_tree", [] { return ::syscall(SYS_open_tree, AT_FDCWD, "/tmp", 1); }},
      {"perf_event_open", count_cycles},
      {"personality", [] { return static_cast<long>(::personality(ADDR_NO_RANDOMIZE)); }},
      {"pivot_root", [] { return ::syscall(SYS_pivot_root, "/tmp", "/tmp"); }},
      {"ptrace", [] { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); }},
      {"quotactl", [] { return ::syscall(SYS_quotactl, 0, nullptr, 0, nullptr); }},
      {"read_own_memory", read_own_memory},
      // A wrong magic number: refused by the kernel too, but then with EINVAL.
      {"reboot", [] { return ::syscall(SYS_reboot, 1, 2, 3, nullptr); }}, {"seccomp", add_a_filter},
      {"setns", [] { return ::syscall(SYS_setns, 0, 0); }},
      {"socket_netlink", [] { return static_cast<long>(::socket(AF_NETLINK, SOCK_RAW, 0)); }},
      {"socket_packet", [] { return static_cast<long>(::socket(AF_PACKET, SOCK_RAW, 0)); }},
      {"swapon", [] { return ::syscall(SYS_swapon, "/tmp/no-such-file", 0); }},
      {"syslog", [] { return ::syscall(SYS_syslog, 10, nullptr, 0); }},
      {"tiocsti", type_into_terminal}, {"tiocsti_high_bits", type_with_high_bits},
      {"tioclinux", paste_into_terminal},
      {"umount2", [] { return static_cast<long>(::umount2("/proc", MNT_DETACH)); }},
      {"unknown", [] { return ::syscall(4000); }},
      {"unshare_newnet", [] { return static_cast<long>(::unshare(CLONE_NEWNET)); }},
      {"unshare_newuser", [] { return static_cast<long>(::unshare(CLONE_NEWUSER)); }},
      {"userfaultfd", [] { return ::syscall(SYS_userfaultfd, 0); }},
#if defined(__x86_64__)
      {"int80_mount", mount_by_int80}, {"modify_ldt", change_ldt}, {"x32", x32},
#endif
};

// In a child: what a filter kills must not end the others' turn.
std::string outcome(Call call) {
  const pid_t child = ::fork();
  if (child < 0) probe::fail("fork");
  if (child == 0) {
    const long result = call();
    ::_exit(result >= 0 ? 0 : errno);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return std::string("SIG") + ::sigabbrev_np(WTERMSIG(status));
  return WEXITSTATUS(status) == 0 ? "ok" : probe::error_name(WEXITSTATUS(status));
}

}  // namespace

int main(int argc, char** argv) {
  if (::geteuid() == 0 && !probe::parent_is_a_sandbox_init())
    probe::misused("try-syscalls, not as root");
  probe::live_at_most(60);
  nlohmann::json results = nlohmann::json::object();
  for (const auto& [name, call] : kCalls) {
    if (argc == 1) results[name] = outcome(call);
  }
  for (int i = 1; i < argc; ++i) {
    const auto found = kCalls.find(argv[i]);
    if (found == kCalls.end()) probe::misused("try-syscalls [NAME…]");
    results[argv[i]] = outcome(found->second);
  }
  std::puts(results.dump(1).c_str());
}
