#include "child/init.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child/interpret.h"

namespace sandbox::child {
namespace {

// The name of the copy that becomes the test: as long as a process bears it, execve was not
// reached.
constexpr char kSetupName[] = "sandbox:setup";

// As env(1) and docker-run(1) have them.
constexpr int kSandboxFailed = 125;
constexpr int kNotExecutable = 126;
constexpr int kNotFound = 127;

constexpr int kStreams = 3;  // descriptors 0 to 2

// As a shell has it, for who waits for this process itself.
int exit_code_of(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

std::int64_t now_ns() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

void report_failure(const Program& program, Phase phase, std::uint32_t index, int error) {
  Message message{};
  message.kind = MessageKind::setup_failed;
  message.phase = phase;
  message.index = index;
  message.error = error;
  send(program.control_fd, message, -1);
}

void run_phase(Context& context, const Span<Instr>& instructions, Phase phase) {
  for (std::uint32_t i = 0; i < instructions.size; ++i) {
    const int error = interpret(context, instructions.data[i]);
    if (error == 0) continue;
    report_failure(*context.program, phase, i, error);
    ::_exit(kSandboxFailed);
  }
}

// Positive decimal number at the start of `text`, else 0.
pid_t parse_pid(const char* text) {
  pid_t value = 0;
  for (; *text >= '0' && *text <= '9'; ++text) value = value * 10 + (*text - '0');
  return value;
}

// This process's number outside, as the old root's proc shows it.
pid_t outer_pid() {
  char link[32] = {};
  return ::readlink("/proc/self", link, sizeof link - 1) > 0 ? parse_pid(link) : 0;
}

// A spawner of many sandboxes has raised its own.
void limit_open_files(rlim_t soft) {
  rlimit limit{};
  if (soft == 0 || ::syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, nullptr, &limit) < 0) return;
  limit.rlim_cur = soft;
  ::syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &limit, nullptr);
}

[[noreturn]] void become_test(Context& context) {
  const Program& program = *context.program;
  ::prctl(PR_SET_NAME, kSetupName, 0, 0, 0);
  const TestProgram& test = *program.test;
  run_phase(context, test.steps, Phase::test);
  limit_open_files(test.open_files);
  ::sigprocmask(SIG_SETMASK, &test.mask, nullptr);
  ::execve(test.executable, const_cast<char* const*>(test.argv),
           const_cast<char* const*>(test.envp));
  const int error = errno;
  report_failure(program, Phase::exec, 0, error);
  ::_exit(error == ENOENT ? kNotFound : kNotExecutable);
}

// VFORK: this process goes on once the test has called execve or is gone.
pid_t clone_test(Context& context, pid_t wanted_pid) {
  clone_args args{};
  args.flags = CLONE_VFORK;
  args.exit_signal = SIGCHLD;
  if (wanted_pid > 1) {
    args.set_tid = reinterpret_cast<std::uintptr_t>(&wanted_pid);
    args.set_tid_size = 1;
  }
  long pid = ::syscall(SYS_clone3, &args, sizeof args);
  if (pid < 0 && errno == ENOSYS) {  // hidden by a container's filter
    pid = ::syscall(SYS_clone, CLONE_VFORK | SIGCHLD, nullptr, nullptr, nullptr, 0UL);
  }
  if (pid == 0) become_test(context);
  return static_cast<pid_t>(pid);
}

pid_t start_test(Context& context, pid_t number) {
  pid_t pid = clone_test(context, number);
  if (pid < 0 && number > 1) pid = clone_test(context, 0);
  if (pid >= 0) return pid;
  report_failure(*context.program, Phase::clone, 0, errno);
  ::_exit(kSandboxFailed);
}

// What the test must not be kept waiting for by us: pipes, mounts, groups. From descriptor `from`
// on.
void close_all_but(int from, int one, int two, int three) {
  int kept[] = {one, two, three};
  for (int i = 0; i < 2; ++i) {
    for (int j = 0; j < 2 - i; ++j) {
      if (kept[j] <= kept[j + 1]) continue;
      const int larger = kept[j];
      kept[j] = kept[j + 1];
      kept[j + 1] = larger;
    }
  }
  for (const int fd : kept) {
    if (fd > from) ::syscall(SYS_close_range, from, fd - 1, 0);
    if (fd >= from) from = fd + 1;
  }
  ::syscall(SYS_close_range, from, ~0U, 0);
}

bool still_in_setup(pid_t pid) {
  char path[32] = "/proc/";
  char digits[12];
  int length = 0;
  for (pid_t rest = pid; rest > 0; rest /= 10)
    digits[length++] = static_cast<char>('0' + rest % 10);
  char* end = path + 6;
  while (length > 0) *end++ = digits[--length];
  ::memcpy(end, "/comm", 6);
  char name[32] = {};
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const ssize_t n = ::read(fd, name, sizeof name - 1);
  ::close(fd);
  return n > 0 && ::strncmp(name, kSetupName, sizeof kSetupName - 1) == 0;
}

std::int64_t microseconds(const timeval& time) {
  return time.tv_sec * 1'000'000LL + time.tv_usec;
}

// Whether the main process has ended; fills `end`. Reaps everyone else on the way.
bool reap(pid_t main, Message& end) {
  for (;;) {
    siginfo_t peek{};
    if (::waitid(P_ALL, 0, &peek, WEXITED | WNOHANG | WNOWAIT) < 0 || peek.si_pid == 0)
      return false;
    const bool is_main = peek.si_pid == main;
    if (is_main) end.exec_reached = peek.si_code == CLD_EXITED || !still_in_setup(main);
    rusage usage{};
    int status = 0;
    if (::wait4(peek.si_pid, &status, 0, &usage) < 0) return false;
    if (!is_main) continue;
    end.kind = MessageKind::exited;
    end.status = status;
    end.monotonic_ns = now_ns();
    end.user_us = microseconds(usage.ru_utime);
    end.system_us = microseconds(usage.ru_stime);
    end.max_rss_kib = usage.ru_maxrss;
    return true;
  }
}

bool is_full(std::uint64_t all, std::uint64_t free) {
  constexpr std::uint64_t kFullPercent = 95;
  return all > 0 && free <= all && (all - free) * 100 >= all * kFullPercent;
}

// Below this the fresh places hold what was made for the test, not what it wrote.
constexpr std::uint64_t kWorthCounting = 256 * 1024;

// What the fresh places hold dies with this namespace: said, so that it can be looked at before.
struct Fill {
  std::uint8_t full_place = 0;
  bool worth_counting = false;
};

Fill look_at_places(const Span<const char*>& places) {
  Fill fill;
  for (std::size_t i = 0; i < places.size; ++i) {
    struct statfs fs;
    if (::statfs(places.data[i], &fs) < 0 || fs.f_type != TMPFS_MAGIC) continue;
    const bool full = is_full(fs.f_blocks, fs.f_bfree) || is_full(fs.f_files, fs.f_ffree);
    if (full && fill.full_place == 0) fill.full_place = static_cast<std::uint8_t>(i + 1);
    const std::uint64_t used = (fs.f_blocks - fs.f_bfree) * static_cast<std::uint64_t>(fs.f_bsize);
    fill.worth_counting |= used >= kWorthCounting;
  }
  return fill;
}

bool others_left() {
  for (;;) {
    const pid_t pid = ::waitpid(-1, nullptr, WNOHANG);
    if (pid == 0) return true;
    if (pid < 0) return errno != ECHILD;
  }
}

void kill_listed(const char* text) {
  while (*text) {
    const pid_t pid = parse_pid(text);
    if (pid > 1) ::kill(pid, SIGKILL);
    while (*text && *text != ' ') ++text;
    while (*text == ' ') ++text;
  }
}

// Without a pid namespace: this process is the subreaper, so what outlives its parent becomes its
// child.
void kill_children() {
  char list[4096];
  for (int round = 0; round < 10'000; ++round) {
    const int fd = ::open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    const ssize_t n = fd < 0 ? 0 : ::read(fd, list, sizeof list - 1);
    if (fd >= 0) ::close(fd);
    if (n <= 0) return;
    list[n] = 0;
    kill_listed(list);
    ::waitpid(-1, nullptr, 0);
  }
}

// A pid namespace dies with its init, but the kernel then lets go of the others without adding
// their times to the init's: those of a process that is just ending, or left over, would be lost
// where no group counts them.
void kill_namespace() {
  ::kill(-1, SIGKILL);
  while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
  }
}

[[noreturn]] void end_all(const Program& program, int code) {
  if (program.isolated) {
    kill_namespace();
  } else {
    kill_children();
  }
  ::_exit(code);
}

// The main process; once it has ended, its exit status.
struct Main {
  pid_t pid = -1;
  bool alive = true;
  int code = 0;
};

void obey(const Program& program, const Main& main) {
  Message message{};
  const ssize_t n = ::recv(program.control_fd, &message, sizeof message, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n != sizeof message || message.kind == MessageKind::finish) end_all(program, main.code);
  if (message.kind == MessageKind::forward && main.alive) ::kill(main.pid, message.value);
}

[[noreturn]] void serve(const Program& program, Main main, int children_fd) {
  pollfd fds[] = {{children_fd, POLLIN, 0},
                  {program.control_fd, POLLIN, 0},
                  {program.supervisor_fd, POLLIN, 0}};
  for (;;) {
    Message end{};
    if (main.alive && reap(main.pid, end)) {
      main.alive = false;
      main.code = exit_code_of(end.status);
      const Fill fill = look_at_places(program.test->fresh_places);
      end.full_place = fill.full_place;
      end.value = others_left();
      end.waits = end.value || fill.worth_counting;
      send(program.control_fd, end, -1);
      if (!end.waits) ::_exit(main.code);
    } else if (!main.alive) {
      others_left();
    }
    ::poll(fds, 3, -1);
    if (fds[2].revents) end_all(program, main.code);
    if (fds[1].revents) obey(program, main);
    signalfd_siginfo drained;
    if (fds[0].revents) (void)!::read(children_fd, &drained, sizeof drained);
  }
}

// The test's descriptors 0 to 2 take the place of what was inherited; its channel may follow.
bool take_descriptors(Context& context, msghdr& header) {
  const cmsghdr* rights = CMSG_FIRSTHDR(&header);
  if (!rights || rights->cmsg_type != SCM_RIGHTS) return false;
  const bool channel = rights->cmsg_len == CMSG_LEN((kStreams + 1) * sizeof(int));
  if (!channel && rights->cmsg_len != CMSG_LEN(kStreams * sizeof(int))) return false;
  int fds[kStreams + 1];
  ::memcpy(fds, CMSG_DATA(rights), rights->cmsg_len - CMSG_LEN(0));
  for (int i = 0; i < kStreams; ++i) {
    if (::dup2(fds[i], i) < 0) return false;
    if (fds[i] >= kStreams) ::close(fds[i]);
  }
  if (channel) context.channel_fd = fds[kStreams];
  return true;
}

bool receive_test(Context& context) {
  const Program& program = *context.program;
  Message message{};
  iovec data{&message, sizeof message};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  alignas(cmsghdr) char space[CMSG_SPACE((kStreams + 1) * sizeof(int))];
  header.msg_control = space;
  header.msg_controllen = sizeof space;
  const ssize_t n = ::recvmsg(program.control_fd, &header, MSG_CMSG_CLOEXEC);
  return n == sizeof message && message.kind == MessageKind::test_given &&
         take_descriptors(context, header);
}

// A poll of its mountinfo tells whether a mount has gone since (proc_pid_mountinfo(5)): the kernel
// takes one away when its place is removed in another namespace.
void say_ready(const Program& program) {
  const int mounts = ::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
  Message message{};
  message.kind = MessageKind::ready;
  if (mounts < 0 || send(program.control_fd, message, mounts) != 0) ::_exit(kSandboxFailed);
  ::close(mounts);
}

// It may take long: what else is open here would be held all that time. Descriptors 0 to 2 keep
// their places, or one that comes would be born there.
void await_test(Context& context) {
  const Program& program = *context.program;
  close_all_but(kStreams, program.control_fd, program.supervisor_fd, program.supervisor_fd);
  say_ready(program);
  pollfd fds[] = {{program.control_fd, POLLIN, 0}, {program.supervisor_fd, POLLIN, 0}};
  while (::poll(fds, 2, -1) < 0 && errno == EINTR) {
  }
  if (fds[1].revents || !receive_test(context)) ::_exit(kSandboxFailed);
}

// The pidfd was opened by the supervisor itself, so this cannot miss an end before prctl.
bool supervisor_is_gone(const Program& program) {
  pollfd supervisor{program.supervisor_fd, POLLIN, 0};
  return ::poll(&supervisor, 1, 0) > 0;
}

}  // namespace

void run_init(const Program& program) {
  ::close(program.parents_control_fd);
  Context context{&program};
  const pid_t number = program.isolated ? outer_pid() : 0;
  run_phase(context, program.init, Phase::init);
  if (program.prepared) await_test(context);
  if (supervisor_is_gone(program)) ::_exit(kSandboxFailed);
  ::memset(const_cast<char*>(program.command_line.data), 0, program.command_line.size);
  sigset_t child_signal;
  ::sigemptyset(&child_signal);
  ::sigaddset(&child_signal, SIGCHLD);
  const int children_fd = ::signalfd(-1, &child_signal, SFD_CLOEXEC | SFD_NONBLOCK);
  // Before, not after: this process wakes up some time after execve.
  const std::int64_t started_ns = now_ns();
  const pid_t main = start_test(context, number);
  close_all_but(0, children_fd, program.control_fd, program.supervisor_fd);
  Message started{};
  started.kind = MessageKind::started;
  started.value = main;
  started.monotonic_ns = started_ns;
  send(program.control_fd, started, -1);
  serve(program, Main{main}, children_fd);
}

}  // namespace sandbox::child
