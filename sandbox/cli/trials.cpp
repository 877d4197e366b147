#include "cli/trials.h"

#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <functional>
#include <new>

#include "seccomp/profile.h"
#include "sys/files.h"
#include "sys/unique_fd.h"

namespace sandbox {
namespace {

constexpr int kPatienceMs = 10'000;

struct Kind {
  std::uint64_t flag;
  const char* name;
};
constexpr Kind kKinds[] = {{CLONE_NEWPID, "pid"},
                           {CLONE_NEWNS, "mnt"},
                           {CLONE_NEWNET, "net"},
                           {CLONE_NEWIPC, "ipc"},
                           {CLONE_NEWUTS, "uts"}};

std::uint64_t all_kinds() {
  std::uint64_t flags = CLONE_NEWUSER;
  for (const Kind& kind : kKinds) flags |= kind.flag;
  return flags;
}

int error_of(long result) {
  return result < 0 ? errno : 0;
}

bool readable(const UniqueFd& fd) {
  pollfd wait{fd.get(), POLLIN, 0};
  return ::poll(&wait, 1, kPatienceMs) == 1;
}

// fork where no namespace is wanted: containers often refuse clone3, which has nothing to do with
// the other trials.
pid_t start(std::uint64_t flags) {
  if (flags == 0) return ::fork();
  clone_args args{};
  args.flags = flags;
  args.exit_signal = SIGCHLD;
  return static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof args));
}

// Runs `body` in a child with these namespaces. Its errno, or that of the clone; ETIMEDOUT when it
// did not end in time. A child killed and still not gone is left to the kernel: better than to
// hang.
int in_child(std::uint64_t flags, const std::function<int()>& body) {
  const pid_t pid = start(flags);
  if (pid < 0) return errno;
  if (pid == 0) ::_exit(body());
  const UniqueFd pidfd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  const bool in_time = readable(pidfd);
  if (!in_time) ::kill(pid, SIGKILL);
  if (!in_time && !readable(pidfd)) return ETIMEDOUT;
  int status = 0;
  if (::waitpid(pid, &status, 0) != pid) return errno;
  if (!in_time) return ETIMEDOUT;
  return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

int write_own_maps(uid_t uid, gid_t gid) {
  const auto line = [](unsigned id) {
    return std::to_string(id) + " " + std::to_string(id) + " 1\n";
  };
  const std::pair<const char*, std::string> files[] = {
      {"/proc/self/setgroups", "deny"},
      {"/proc/self/gid_map", line(gid)},
      {"/proc/self/uid_map", line(uid)},
  };
  for (const auto& [file, content] : files)
    if (const int error = write_file_at(AT_FDCWD, file, content)) return error;
  return 0;
}

// Below a tmpfs that only this child sees: nothing of it is left anywhere.
constexpr const char* kScratch = "/tmp";
constexpr const char* kProc = "/tmp/proc";
constexpr const char* kSys = "/tmp/sys";

int mount_at(const char* type, const char* place) {
  if (::mkdir(place, 0755) < 0 && errno != EEXIST) return errno;
  return error_of(::mount(type, place, type, MS_NOSUID | MS_NODEV, nullptr));
}

int raise_loopback() {
  const UniqueFd socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  if (!socket || ::ioctl(socket.get(), SIOCGIFFLAGS, &request) < 0) return errno;
  request.ifr_flags |= IFF_UP;
  return error_of(::ioctl(socket.get(), SIOCSIFFLAGS, &request));
}

int choose_pid_number() {
  pid_t wanted = 4242;
  clone_args args{};
  args.exit_signal = SIGCHLD;
  args.set_tid = reinterpret_cast<std::uintptr_t>(&wanted);
  args.set_tid_size = 1;
  const auto pid = static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof args));
  if (pid == 0) ::_exit(0);
  if (pid < 0) return errno;
  ::waitpid(pid, nullptr, 0);
  return 0;
}

using Errors = std::array<int, kSteps>;

int& at(Errors& errors, Trial step) {
  return errors[static_cast<std::size_t>(step)];
}

// In the child. What later steps stand on comes first.
void try_steps(Errors& errors, uid_t uid, gid_t gid) {
  at(errors, Trial::clone) = 0;
  if ((at(errors, Trial::map_ids) = write_own_maps(uid, gid))) return;
  const long made_private = ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  if ((at(errors, Trial::private_mounts) = error_of(made_private))) return;
  if ((at(errors, Trial::tmpfs) = mount_at("tmpfs", kScratch))) return;
  at(errors, Trial::proc) = mount_at("proc", kProc);
  at(errors, Trial::sysfs) = mount_at("sysfs", kSys);
  at(errors, Trial::loopback) = raise_loopback();
  at(errors, Trial::pid_number) = choose_pid_number();
}

// Memory that a child without a copy of ours writes to.
class SharedErrors {
 public:
  SharedErrors() {
    void* memory =
        ::mmap(nullptr, sizeof(Errors), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc{};
    errors_ = new (memory) Errors;
    errors_->fill(kNotTried);
  }
  SharedErrors(const SharedErrors&) = delete;
  SharedErrors& operator=(const SharedErrors&) = delete;
  ~SharedErrors() { ::munmap(errors_, sizeof(Errors)); }
  Errors& get() { return *errors_; }

 private:
  Errors* errors_ = nullptr;
};

std::string refused_kind() {
  const auto nothing = [] { return 0; };
  if (in_child(CLONE_NEWUSER, nothing) != 0) return "";
  for (const Kind& kind : kKinds)
    if (in_child(CLONE_NEWUSER | kind.flag, nothing) != 0) return kind.name;
  return "";
}

int load_filter(Listener listener) {
  const bool watch = listener == Listener::with;
  const auto filter = standard_filter(watch ? KillWatch::on : KillWatch::off);
  const sock_fprog program{static_cast<unsigned short>(filter.size()),
                           const_cast<sock_filter*>(filter.data())};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return errno;
  const unsigned flags = watch ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;
  return error_of(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program));
}

int seize_own_child() {
  const pid_t child = ::fork();
  if (child < 0) return errno;
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) ::pause();
  }
  const int error = error_of(::ptrace(PTRACE_SEIZE, child, nullptr, nullptr));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  return error;
}

}  // namespace

NamespaceTrial try_namespaces() {
  SharedErrors shared;
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  const int error = in_child(all_kinds(), [&] {
    try_steps(shared.get(), uid, gid);
    return 0;
  });
  NamespaceTrial trial{shared.get()};
  if (trial.error(Trial::clone) == 0) return trial;
  trial.errors[static_cast<std::size_t>(Trial::clone)] = error;
  trial.refused = refused_kind();
  return trial;
}

int try_filter(Listener listener) {
  return in_child(0, [&] { return load_filter(listener); });
}

int try_ptrace() {
  return in_child(0, seize_own_child);
}

}  // namespace sandbox
