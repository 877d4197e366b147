// bench-floor [--memory BYTES] [--cpus N] [--pids N] COMMAND…: what the isolation of
// `sandbox-exec --memory 1G --cpus 2 --pids 512 -- COMMAND` costs at least: the same namespaces,
// mounts, groups, ids and filter by bare system calls. No policy, no search, no report, no promise
// to anybody: the yardstick of the benchmark. tests/bench/floor_test.py holds it to the same view
// from inside.
//
// Ends with the command's exit status, 128 + n after signal n, or 125 where a call failed.
// COMMAND's first word is a path. Root needs a root file system that takes id-mapped mounts.
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cstdlib>

#include "calls.h"
#include "init.h"

namespace floor_bench {
namespace {

// Returns the command.
char** parse(char** argv, Caps& caps) {
  char** word = argv + 1;
  for (; word[0] && word[1] && word[0][0] == '-'; word += 2) {
    const std::string option = word[0];
    const unsigned long long value = std::strtoull(word[1], nullptr, 10);
    if (option == "--memory")
      caps.memory_bytes = value;
    else if (option == "--cpus")
      caps.cpus = static_cast<unsigned>(value);
    else if (option == "--pids")
      caps.pids = static_cast<unsigned>(value);
    else
      break;
  }
  return word;
}

pid_t clone_init(const Job& job, int parents_control) {
  clone_args args{};
  args.flags = CLONE_CLEAR_SIGHAND | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET |
               CLONE_NEWIPC | CLONE_NEWUTS;
  args.exit_signal = SIGCHLD;
  if (!job.groups.empty() && job.groups.front().controller.empty()) {
    args.flags |= CLONE_INTO_CGROUP | CLONE_NEWCGROUP;
    args.cgroup = static_cast<__u64>(job.groups.front().fd);
  }
  const long pid = check(::syscall(SYS_clone3, &args, sizeof args), "create the namespaces");
  if (pid == 0) {
    ::close(parents_control);  // else an end of the parent is never seen
    run_init(job);
  }
  return static_cast<pid_t>(pid);
}

void write_maps(const Host& host, pid_t pid, int control) {
  const std::string proc = "/proc/" + std::to_string(pid) + "/";
  const auto line = [](unsigned inside, unsigned outside) {
    return std::to_string(inside) + " " + std::to_string(outside) + " 1\n";
  };
  write_file(AT_FDCWD, (proc + "gid_map").c_str(), line(host.gid_inside, host.gid_outside).c_str());
  write_file(AT_FDCWD, (proc + "uid_map").c_str(), line(host.uid_inside, host.uid_outside).c_str());
  const Start start{pid};
  check(::send(control, &start, sizeof start, MSG_NOSIGNAL), "start the init");
}

int exit_status(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int run(const Caps& caps, char** command) {
  const Host host = read_host();
  const std::vector<Group> groups = make_groups(host.groups, caps);
  Trees trees = host.root ? detach_trees(host) : Trees{};
  int control[2];
  check(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control), "socketpair");
  const pid_t init = clone_init({host, caps, groups, trees, command, control[1]}, control[0]);
  ::close(control[1]);
  if (host.root) write_maps(host, init, control[0]);
  End end{};
  const bool told = ::recv(control[0], &end, sizeof end, 0) == sizeof end;
  check(::waitpid(init, nullptr, 0), "wait for the init");
  read_counters(groups);
  remove_groups(groups);
  return told ? exit_status(end.status) : 125;
}

}  // namespace
}  // namespace floor_bench

int main(int, char** argv) {
  floor_bench::Caps caps;
  char** command = floor_bench::parse(argv, caps);
  if (!*command) {
    (void)std::fputs("usage: bench-floor [--memory BYTES] [--cpus N] [--pids N] COMMAND…\n",
                     stderr);
    return 125;
  }
  return floor_bench::run(caps, command);
}
