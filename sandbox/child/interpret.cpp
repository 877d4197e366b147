#include "child/interpret.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sandbox::child {
namespace {

int result(long value) {
  return value < 0 ? errno : 0;
}

int write_text(const char* path, const char* content) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  const int error = result(::write(fd, content, ::strlen(content)));
  ::close(fd);
  return error;
}

int join_group(const Instr& instr) {
  // Writing "0" moves the writer itself: the one attach that needs no RCU grace period.
  return result(::write(static_cast<int>(instr.a), "0", 1));
}

int await_maps(const Context& context) {
  Message message;
  const ssize_t n = ::recv(context.program->control_fd, &message, sizeof message, 0);
  if (n < 0) return errno;
  return n == sizeof message && message.kind == MessageKind::maps_written ? 0 : ECONNRESET;
}

// The raw calls: libc's wrappers would tell other threads, which this copy does not have.
int become(const Instr& instr) {
  if (instr.flags && ::syscall(SYS_setgroups, 0, nullptr) < 0) return errno;
  if (::syscall(SYS_setresgid, instr.b, instr.b, instr.b) < 0) return errno;
  return result(::syscall(SYS_setresuid, instr.a, instr.a, instr.a));
}

int loopback_up() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  ifreq request{};
  ::memcpy(request.ifr_name, "lo", 3);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  const int error = result(::ioctl(fd, SIOCSIFFLAGS, &request));
  ::close(fd);
  return error;
}

// Lowered only: never above what the caller has.
int limit_resource(const Instr& instr) {
  rlimit limit{};
  const int resource = static_cast<int>(instr.a);
  if (::syscall(SYS_prlimit64, 0, resource, nullptr, &limit) < 0) return errno;
  const rlim_t value = instr.value < limit.rlim_max ? instr.value : limit.rlim_max;
  limit.rlim_cur = limit.rlim_max = value;
  return result(::syscall(SYS_prlimit64, 0, resource, &limit, nullptr));
}

int drop_bounding() {
  for (unsigned long capability = 0;; ++capability) {
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0) return errno == EINVAL ? 0 : errno;
  }
}

int drop_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0) return errno;
  return result(::syscall(SYS_capset, &header, none));
}

// Where keyctl is refused, as in Docker, the test cannot reach the caller's keys either.
int join_keyring() {
  const long joined = ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr);
  return joined < 0 && errno != EPERM && errno != ENOSYS ? errno : 0;
}

int change_directory(const Instr& instr) {
  if (::chdir(instr.text) < 0) return errno;
  char now[4096];
  if (::syscall(SYS_getcwd, now, sizeof now) < 0) return errno;
  // A directory that is reached but has no path inside begins with "(unreachable)".
  return now[0] == '/' ? 0 : ENOENT;
}

int keep_fd(const Instr& instr) {
  const int number = static_cast<int>(instr.a);
  const int source = static_cast<int>(instr.b);
  return result(source == number ? ::fcntl(number, F_SETFD, 0) : ::dup3(source, number, 0));
}

// Where the number is beyond the caller's limit of open files, the test goes without.
int keep_channel(const Context& context, const Instr& instr) {
  Instr kept = instr;
  if (kept.b < 0) kept.b = context.channel_fd;
  (void)keep_fd(kept);
  return 0;
}

constexpr unsigned kWaitKillable = 1u << 5;  // SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV

int load(const sock_fprog* filter, unsigned flags) {
  return static_cast<int>(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, filter));
}

int load_filter(const Context& context, const Instr& instr) {
  const Program& program = *context.program;
  const TestProgram& test = *program.test;
  if (!instr.a) return result(load(test.filter, 0));
  // WAIT_KILLABLE: a timer's signal must not make kill(2) fail with EINTR (Linux 5.19).
  int listener = load(test.filter, SECCOMP_FILTER_FLAG_NEW_LISTENER | kWaitKillable);
  if (listener < 0 && errno == EINVAL)
    listener = load(test.filter, SECCOMP_FILTER_FLAG_NEW_LISTENER);
  // A tree has one listener at most; inside another sandbox it is taken.
  if (listener < 0) return result(load(test.filter_unwatched, 0));
  Message message{};
  message.kind = MessageKind::listener;
  const int error = send(program.control_fd, message, listener);
  ::close(listener);
  return error;
}

}  // namespace

int send(int control_fd, const Message& message, int fd) {
  iovec data{const_cast<Message*>(&message), sizeof message};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  alignas(cmsghdr) char space[CMSG_SPACE(sizeof(int))] = {};
  if (fd >= 0) {
    header.msg_control = space;
    header.msg_controllen = sizeof space;
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    ::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
  }
  return result(::sendmsg(control_fd, &header, MSG_NOSIGNAL));
}

int interpret(Context& context, const Instr& instr) {
  switch (instr.op) {
    case Op::join_group:
      return join_group(instr);
    case Op::unshare_cgroup:
      return result(::unshare(CLONE_NEWCGROUP));
    case Op::await_maps:
      return await_maps(context);
    case Op::write_map:
      return write_text(instr.text2, instr.text);
    case Op::become:
      return become(instr);
    case Op::non_dumpable:
      return result(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
    case Op::parent_death:
      return result(::prctl(PR_SET_PDEATHSIG, instr.a, 0, 0, 0));
    case Op::subreaper:
      return result(::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
    case Op::loopback_up:
      return loopback_up();
    case Op::umask:
      return ::umask(static_cast<mode_t>(instr.a)), 0;
    case Op::root_clone:
    case Op::root_attach:
      return make_root(context, instr);
    case Op::tmpfs:
      return mount_new(context, instr, "tmpfs", instr.text2);
    case Op::proc:
      return mount_new(context, instr, "proc", "");
    case Op::sysfs:
      return mount_new(context, instr, "sysfs", "");
    case Op::devpts:
      return mount_new(context, instr, "devpts", instr.text2);
    case Op::cgroup:
      return mount_new(context, instr, "cgroup", instr.text2);
    case Op::cgroup2:
      return mount_new(context, instr, "cgroup2", "");
    case Op::bind_path:
    case Op::bind_attach:
    case Op::bind_inside:
      return bind(context, instr);
    case Op::mkdir:
      return make_directory(context, instr.text, static_cast<unsigned>(instr.a));
    case Op::make_file:
      return make_file(context, instr);
    case Op::write_inside:
      return write_inside(context, instr);
    case Op::symlink:
      return make_symlink(context, instr);
    case Op::pivot:
      return pivot(context);
    case Op::new_session:
      return ::setsid() < 0 && errno != EPERM ? errno : 0;
    case Op::keyring:
      return join_keyring();
    case Op::rlimit:
      return limit_resource(instr);
    case Op::affinity:
      return result(::syscall(SYS_sched_setaffinity, 0, instr.a, instr.text));
    case Op::no_new_privs:
      return result(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    case Op::drop_bounding:
      return drop_bounding();
    case Op::drop_capabilities:
      return drop_capabilities();
    case Op::chdir:
      return change_directory(instr);
    case Op::keep_fd:
      return keep_fd(instr);
    case Op::keep_channel:
      return keep_channel(context, instr);
    case Op::cloexec_from:
      return result(::syscall(SYS_close_range, instr.a, ~0U, CLOSE_RANGE_CLOEXEC));
    case Op::filter:
      return load_filter(context, instr);
  }
  return ENOSYS;
}

}  // namespace sandbox::child
