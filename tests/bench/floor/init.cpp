#include "init.h"

#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cstdlib>

#include "calls.h"
#include "root.h"
#include "seccomp/profile.h"

namespace floor_bench {
namespace {

// As the old root's proc shows it.
pid_t read_outer_pid() {
  char link[32] = {};
  check(::readlink("/proc/self", link, sizeof link - 1), "/proc/self");
  return std::atoi(link);
}

// The parent wrote the maps of an unused id.
pid_t become_unused_id(const Job& job) {
  Start start{};
  check(::recv(job.control, &start, sizeof start, 0) == sizeof start ? 0 : -1, "start");
  check(::setgroups(0, nullptr), "setgroups");
  check(::setresgid(job.host.gid_inside, job.host.gid_inside, job.host.gid_inside), "setresgid");
  check(::setresuid(job.host.uid_inside, job.host.uid_inside, job.host.uid_inside), "setresuid");
  return start.outer_pid;
}

pid_t keep_own_id(const Job& job) {
  const auto line = [](unsigned id) {
    return std::to_string(id) + " " + std::to_string(id) + " 1\n";
  };
  const pid_t outer_pid = read_outer_pid();
  write_file(AT_FDCWD, "/proc/self/setgroups", "deny");
  write_file(AT_FDCWD, "/proc/self/gid_map", line(job.host.gid_outside).c_str());
  write_file(AT_FDCWD, "/proc/self/uid_map", line(job.host.uid_outside).c_str());
  return outer_pid;
}

void bring_loopback_up() {
  const int fd = static_cast<int>(check(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "lo"));
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", 3);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  check(::ioctl(fd, SIOCSIFFLAGS, &request), "lo");
  ::close(fd);
}

void drop_capabilities() {
  for (unsigned long capability = 0; ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0;) {
    ++capability;
  }
  check(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "ambient capabilities");
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  check(::syscall(SYS_capset, &header, none), "capset");
}

// Without the listener that tells who sent a SIGKILL: that is the report's need.
void load_filter() {
  const auto filter = sandbox::standard_filter(sandbox::KillWatch::off);
  const sock_fprog program{static_cast<unsigned short>(filter.size()),
                           const_cast<sock_filter*>(filter.data())};
  check(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program), "seccomp");
}

[[noreturn]] void become_test(const Job& job, mode_t umask) {
  check(::setsid(), "setsid");
  const rlimit core{1, 1};
  check(::setrlimit(RLIMIT_CORE, &core), "limit core dumps");
  ::umask(umask);
  check(::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr), "keyring");
  check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
  drop_capabilities();
  check(::chdir(job.host.cwd.c_str()), job.host.cwd.c_str());
  check(::syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC), "close_range");
  load_filter();
  ::execv(job.command[0], job.command);
  check(-1, job.command[0]);
  ::_exit(125);
}

// VFORK: this process goes on once the test has called execve or is gone.
pid_t start_test(const Job& job, pid_t number, mode_t umask) {
  clone_args args{};
  args.flags = CLONE_VFORK;
  args.exit_signal = SIGCHLD;
  args.set_tid = reinterpret_cast<std::uintptr_t>(&number);
  args.set_tid_size = 1;
  const long pid = check(::syscall(SYS_clone3, &args, sizeof args), "clone the test");
  if (pid == 0) become_test(job, umask);
  return static_cast<pid_t>(pid);
}

End reap_until_end(pid_t test) {
  End end{};
  while (::wait4(-1, &end.status, 0, &end.usage) != test) {
  }
  return end;
}

}  // namespace

void run_init(const Job& job) {
  join_groups(job.groups);
  if (!job.groups.empty() && job.groups.front().tasks_fd >= 0)
    check(::unshare(CLONE_NEWCGROUP), "enter a cgroup namespace");
  const pid_t outer_pid = job.host.root ? become_unused_id(job) : keep_own_id(job);
  check(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "non-dumpable");
  check(::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "end with the parent");
  const mode_t umask = ::umask(0);
  bring_loopback_up();
  if (!job.host.root) job.trees = clone_trees(job.host);
  build_root(job.host, job.trees, job.caps.memory_bytes / 2);
  const End end = reap_until_end(start_test(job, outer_pid, umask));
  check(::send(job.control, &end, sizeof end, MSG_NOSIGNAL), "tell the end");
  ::_exit(0);
}

}  // namespace floor_bench
