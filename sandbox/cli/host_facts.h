// What --doctor's checks are decided from: read and tried once, injected in tests.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cgroup/site.h"
#include "cli/trials.h"

namespace sandbox {

// Where the fixes differ. A job's container is several of these at once.
enum class Where { github_actions, gitlab, docker, podman, laptop };

// A place whose file system would be shown inside.
struct IdMapTrial {
  std::string place{};        // "/tmp"
  std::string file_system{};  // "overlay"
  bool taken = false;
};

struct HostFacts {
  std::string kernel{};  // uname(2)'s release: "6.1.0-18-amd64"
  uid_t uid = 0;
  bool privileged = false;  // CAP_SYS_ADMIN
  std::vector<Where> where{};

  NamespaceTrial namespaces{};
  bool userns_built_in = true;
  std::optional<long> max_user_namespaces{};  // user.max_user_namespaces
  std::optional<long> unprivileged_userns{};  // kernel.unprivileged_userns_clone (Debian)
  std::optional<long> apparmor_restricts{};   // kernel.apparmor_restrict_unprivileged_userns
  std::string apparmor_profile{};             // this process's own; empty: none
  int seccomp_mode = 0;                       // 2: under a filter already
  bool chrooted = false;
  std::vector<std::string> hidden_in_proc{};  // mounts over parts of /proc, as containers make
  std::vector<std::string> hidden_in_sys{};

  GroupSite site{};
  bool v1 = false;  // the controllers are on cgroup v1
  std::uint64_t swap_bytes = 0;
  bool swap_capped = false;  // a group's swap can be limited

  std::vector<IdMapTrial> id_maps{};  // for root only
  int filter_error = 0;
  int listener_error = 0;
  int ptrace_error = 0;
  std::optional<long> ptrace_scope{};  // kernel.yama.ptrace_scope
};

// Looks and tries; leaves nothing behind. Never throws for want of something.
HostFacts examine_host();

}  // namespace sandbox
