// What each step is called when it fails or is printed, and what mends it.
#include <errno.h>
#include <sys/resource.h>

#include "plan/plan.h"

namespace sandbox {
namespace {

using child::Op;

// %1 and %2 stand for text and text2.
const char* pattern(Op op) {
  switch (op) {
    case Op::join_group:
      return "join the control group";
    case Op::unshare_cgroup:
      return "enter a cgroup namespace";
    case Op::await_maps:
      return "wait for the id maps";
    case Op::write_map:
      return "write %2";
    case Op::become:
      return "change to the id of the test";
    case Op::non_dumpable:
      return "become non-dumpable";
    case Op::parent_death:
      return "ask for the end with the supervisor";
    case Op::subreaper:
      return "become the subreaper";
    case Op::umask:
      return "set the umask";
    case Op::loopback_up:
      return "bring the loopback interface up";
    case Op::root_clone:
    case Op::root_attach:
      return "clone the host's root read-only";
    case Op::tmpfs:
      return "mount tmpfs on %1";
    case Op::proc:
      return "mount proc on %1";
    case Op::sysfs:
      return "mount sysfs on %1";
    case Op::devpts:
      return "mount devpts on %1";
    case Op::cgroup:
    case Op::cgroup2:
      return "mount the cgroup file system on %1";
    case Op::bind_path:
    case Op::bind_attach:
      return "bind %1 onto %2";
    case Op::bind_inside:
      return "show %1 as %2";
    case Op::mkdir:
      return "make the folder %1";
    case Op::make_file:
      return "make the file %1";
    case Op::write_inside:
      return "write %1 to %2";
    case Op::symlink:
      return "make the symlink %2 to %1";
    case Op::pivot:
      return "change to the new root";
    case Op::new_session:
      return "start a session";
    case Op::keyring:
      return "join a new session keyring";
    case Op::rlimit:
      return "lower a resource limit";
    case Op::affinity:
      return "set the CPU affinity";
    case Op::no_new_privs:
      return "set no_new_privs";
    case Op::drop_bounding:
      return "drop the bounding set";
    case Op::drop_capabilities:
      return "drop all capabilities";
    case Op::chdir:
      return "change directory to %1";
    case Op::keep_fd:
      return "keep the file descriptor";
    case Op::keep_channel:
      return "keep the channel of the test's listener";
    case Op::cloexec_from:
      return "close other file descriptors at execve";
    case Op::filter:
      return "load the seccomp filter";
  }
  return "";
}

std::string one_line(const std::string& text) {
  std::string line = text.substr(0, text.find('\n'));
  if (line.size() < text.size()) line += "…";
  return line;
}

}  // namespace

std::string step_title(const Step& step) {
  if (!step.words.empty() && step.op == Op::bind_path) return "apply " + step.words;
  if (step.op == Op::rlimit && step.a == RLIMIT_CORE) return "limit core dumps";
  if (step.op == Op::rlimit && step.a == RLIMIT_NPROC) return "limit the processes";
  std::string title;
  for (const char* c = pattern(step.op); *c; ++c) {
    if (*c != '%')
      title += *c;
    else
      title += *++c == '1' ? one_line(step.text) : one_line(step.text2);
  }
  if (!step.words.empty()) title += " (for " + step.words + ")";
  return title;
}

std::string step_hint(const Step& step, int error) {
  switch (step.op) {
    case Op::proc:
      if (error == EPERM) {
        return "this container's /proc is masked: docker run --security-opt "
               "systempaths=unconfined, "
               "or --isolation none (caps and verdicts without namespaces)";
      }
      break;
    case Op::write_map:
    case Op::tmpfs:
    case Op::root_clone:
      if (error == EPERM || error == EACCES) {
        return "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0   (or install the "
               ".deb, which brings a profile)";
      }
      break;
    case Op::bind_path:
    case Op::bind_attach:
      if (error == ENOENT && !step.words.empty()) {
        return step.text2 +
               " does not exist in the read-only root: choose a destination that does, "
               "or one below /tmp, /run or $HOME";
      }
      if (error == ESTALE) return step.text + " was exchanged while the sandbox was set up";
      break;
    case Op::chdir:
      if (error == ENOENT) return "show it inside: --project DIR or --ro-bind DIR";
      if (error == EACCES) return "the test's own id may not enter it";
      break;
    default:
      break;
  }
  return "";
}

}  // namespace sandbox
