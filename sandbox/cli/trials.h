// What --doctor finds out by trying, each in a short-lived child process of its own: nothing that
// is made here outlives the call, and no trial waits longer than some seconds.
#pragma once

#include <array>
#include <string>

namespace sandbox {

// In the order in which a run needs them.
enum class Trial { clone, map_ids, private_mounts, tmpfs, proc, sysfs, loopback, pid_number };
inline constexpr std::size_t kSteps = 8;

// errno of a trial: 0 it worked; kNotTried where an earlier step failed.
inline constexpr int kNotTried = -1;

struct NamespaceTrial {
  std::array<int, kSteps> errors{};
  // Where `clone` failed although a user namespace alone can be made: "net", "pid", …, as in
  // user.max_net_namespaces.
  std::string refused{};

  int error(Trial step) const { return errors[static_cast<std::size_t>(step)]; }
};

// A child in new user, pid, mount, network, ipc and uts namespaces, as a run makes it.
NamespaceTrial try_namespaces();

// Loads the default filter. With a listener: whether the supervisor can be asked (KillWatch).
enum class Listener { without, with };
int try_filter(Listener listener);

// Attaches to a child of its own, as LeakSanitizer, gdb and strace do.
int try_ptrace();

}  // namespace sandbox
