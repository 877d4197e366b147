#include "launch/clone.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "child/init.h"
#include "launch/channel.h"
#include "launch/outputs.h"
#include "plan/lower.h"
#include "rootfs/elf.h"
#include "rootfs/id_map.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sandbox {
namespace {

using child::Op;

// Every signal waits while the child is made: none may reach it before it is ready.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;
  ~AllSignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

std::vector<UniqueFd> detach_trees(const Plan& plan, std::shared_ptr<const UniqueFd> id_map) {
  std::vector<UniqueFd> trees(plan.init.size());
  if (!plan.parent_detaches) return trees;
  if (plan.identity.id_mapped && !id_map) {
    id_map = std::make_shared<UniqueFd>(
        make_id_map(plan.identity.uid_outside, plan.identity.gid_outside));
  }
  for (std::size_t i = 0; i < plan.init.size(); ++i) {
    const Step& step = plan.init[i];
    if (step.op != Op::bind_path && step.op != Op::root_clone) continue;
    try {
      trees[i] =
          detach_tree(step.text, step.recursive, step.flags, step.id_mapped ? id_map->get() : -1);
    } catch (const Error& error) {
      const bool has_gone = error.error() == ENOENT || error.error() == ENOTDIR;
      if (step.value == 0 || !has_gone) throw;
    }
  }
  return trees;
}

std::string refusal_hint(int error) {
  if (error == EPERM || error == EACCES) {
    const auto restricted = read_file("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
    if (restricted && restricted->starts_with("1")) {
      return "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0   (or install the "
             ".deb, "
             "which brings a profile)";
    }
    return "user namespaces are not allowed here; sandbox-exec --doctor says why, --isolation none "
           "does without";
  }
  if (error == ENOSYS) {
    return "a filter around this process hides the call; inside another sandbox-exec: give that "
           "one "
           "--allow userns, or this one --isolation none";
  }
  if (error == ENOSPC || error == EUSERS) return "sudo sysctl -w user.max_user_namespaces=63359";
  if (error == EAGAIN)
    return "the limit of processes is reached (ulimit -u, or the group's pids.max)";
  return "";
}

struct ControlPair {
  UniqueFd ours;
  UniqueFd theirs;
};

ControlPair make_control() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0) {
    throw Error{"cannot make a socket pair", errno};
  }
  return {UniqueFd{fds[0]}, UniqueFd{fds[1]}};
}

void write_child_file(pid_t pid, const char* name, const std::string& content) {
  const std::string path = "/proc/" + std::to_string(pid) + "/" + name;
  if (const int error = write_file_at(AT_FDCWD, path.c_str(), content)) {
    throw Error{std::string{"cannot write "} + name + " of the sandbox", error};
  }
}

void write_maps(const Plan& plan, const SandboxProcess& process) {
  const Identity& id = plan.identity;
  const auto line = [](std::uint64_t inside, std::uint64_t outside) {
    return std::to_string(inside) + " " + std::to_string(outside) + " 1\n";
  };
  write_child_file(process.pid, "gid_map", line(id.gid_inside, id.gid_outside));
  write_child_file(process.pid, "uid_map", line(id.uid_inside, id.uid_outside));
  child::Message message{};
  message.kind = child::MessageKind::maps_written;
  if (::send(process.control.get(), &message, sizeof message, MSG_NOSIGNAL) < 0) {
    throw Error{"cannot tell the sandbox that its id maps are written", errno};
  }
  // It has the more to do until the test starts, and may wait for this very CPU.
  ::sched_yield();
}

// Where a container's filter hides clone3. Handlers of ours that stay are gone with execve.
long clone_without_clone3(const clone_args& args, int& pidfd) {
  const unsigned long flags = (args.flags & ~CLONE_CLEAR_SIGHAND) | args.exit_signal;
  return ::syscall(SYS_clone, flags, nullptr, &pidfd, nullptr, 0UL);
}

SandboxProcess clone_child(const Plan& plan, const Group& group, const child::Program& program,
                           Parent parent, ControlPair control) {
  int pidfd = -1;
  clone_args args{};
  args.flags = plan.clone_flags | CLONE_PIDFD | CLONE_CLEAR_SIGHAND;
  args.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
  if (parent == Parent::callers) {
    args.flags |= CLONE_PARENT;  // with this process's own exit signal
  } else {
    args.exit_signal = SIGCHLD;
  }
  if (group.clone_fd() >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<__u64>(group.clone_fd());
  }
  long pid = ::syscall(SYS_clone3, &args, sizeof args);
  if (pid < 0 && errno == ENOSYS && group.clone_fd() < 0) pid = clone_without_clone3(args, pidfd);
  if (pid == 0) child::run_init(program);
  if (pid < 0) {
    const char* attempt =
        plan.isolated ? "cannot create the namespaces" : "cannot start the sandbox";
    throw Error{attempt, errno, refusal_hint(errno)};
  }
  return {static_cast<pid_t>(pid), UniqueFd{pidfd}, std::move(control.ours), UniqueFd{}};
}

std::vector<int> numbers(const std::vector<UniqueFd>& fds) {
  std::vector<int> result;
  for (const UniqueFd& fd : fds) result.push_back(fd.get());
  return result;
}

}  // namespace

void kill_and_reap(const SandboxProcess& process) {
  const int pidfd = process.pidfd.get();
  ::syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0);
  pollfd gone{pidfd, POLLIN, 0};
  while (::poll(&gone, 1, -1) < 0 && errno == EINTR) {
  }
  siginfo_t info;
  // Where it is another's child, that one reaps it (ECHILD).
  (void)::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd), &info, WEXITED);
}

SandboxProcess clone_init(const Plan& plan, const Group& group, const LaunchOptions& options,
                          const child::TestProgram& test, Readiness readiness) {
  const std::vector<UniqueFd> trees = detach_trees(plan, options.id_map);
  ControlPair control = make_control();
  keep_clear_of_test(control.theirs, plan, options.kept);
  const UniqueFd supervisor{static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0))};
  if (!supervisor) throw Error{"cannot open a pidfd of the supervisor", errno};
  InitHandles handles;
  handles.group_joins = group.join_fds();
  handles.trees = numbers(trees);
  handles.control_fd = control.theirs.get();
  handles.parents_control_fd = control.ours.get();
  handles.supervisor_fd = supervisor.get();
  handles.command_line = options.command_line;
  handles.dies_with_parent = options.parent == Parent::self;
  LoweredInit lowered{plan, handles, test};
  lowered.program().prepared = readiness == Readiness::prepared;
  const AllSignalsBlocked blocked;
  SandboxProcess process =
      clone_child(plan, group, lowered.program(), options.parent, std::move(control));
  try {
    if (options.cloned) options.cloned(process);
    if (plan.identity.parent_writes_maps) write_maps(plan, process);
  } catch (...) {
    kill_and_reap(process);
    throw;
  }
  return process;
}

SandboxProcess clone_sandbox(const Plan& plan, const Group& group, const LaunchOptions& options) {
  create_outputs(plan);
  give_pipes_to_test(plan);
  const Filters filters{plan};
  Channel channel = make_channel(plan, options.kept);
  const LoweredTest test{plan, test_handles(filters, options, channel.theirs.get())};
  SandboxProcess process = clone_init(plan, group, options, test.program(), Readiness::complete);
  process.channel = std::move(channel.ours);
  return process;
}

TestHandles test_handles(const Filters& filters, const LaunchOptions& options, int channel) {
  TestHandles handles;
  handles.filter = filters.watched();
  handles.filter_unwatched = filters.unwatched();
  handles.mask = options.test_mask;
  handles.channel = channel;
  handles.kept = options.kept;
  handles.open_files = options.open_files;
  return handles;
}

void warm_page_cache(const std::string& program) {
  const auto advise = [](const std::string& path) {
    const UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (fd) ::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_WILLNEED);
  };
  advise(program);
  const auto executable = read_executable(program);
  if (executable && !executable->interpreter.empty()) advise(executable->interpreter);
}

}  // namespace sandbox
