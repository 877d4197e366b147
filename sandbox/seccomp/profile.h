// The default deny list and what --allow lifts, as BPF.
// Sources: seccomp(2), the kernel's Documentation/userspace-api/seccomp_filter.rst.
#pragma once

#include <linux/filter.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sandbox {

// Whether the filter asks the supervisor (SECCOMP_RET_USER_NOTIF) when a process sends SIGKILL, so
// that a kill from inside can be told from one from outside. Needs a listener: one a process tree.
enum class KillWatch { on, off };

// The default filter, compiled by libseccomp at build time into a binary tree. Costs nothing to
// get.
std::span<const sock_filter> standard_filter(KillWatch watch);

// The same with the named groups of system calls allowed again; built now, by libseccomp.
// Throws Error on a name that is not in allow_group_names() (nearest valid name in the hint).
std::vector<sock_filter> build_filter(const std::vector<std::string>& allow, KillWatch watch);

struct AllowGroup {
  std::string_view name;     // "userns"
  std::string_view summary;  // one line, for --help
};
std::span<const AllowGroup> allow_groups();

}  // namespace sandbox
