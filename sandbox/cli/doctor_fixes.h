// The fixes --doctor prints, as commands and settings to be copied.
// Sources: docker-run(1), podman-run(1), GitLab Runner's config.toml, GitHub's workflow syntax,
// apparmor.d(5), sysctl.d(5).
#pragma once

#include <string>
#include <vector>

#include "cli/doctor_checks.h"

namespace sandbox {

std::vector<Fix> newer_kernel_fixes();
// `setting`: "user.max_user_namespaces=63359".
std::vector<Fix> sysctl_fixes(const std::string& setting);
std::vector<Fix> apparmor_fixes();
// Containers refuse namespaces by seccomp and AppArmor, and hide parts of /proc and /sys.
std::vector<Fix> container_fixes();
// `here`: what the search for a group found out.
std::vector<Fix> group_fixes(const HostFacts& facts, const std::string& here);
std::vector<Fix> swap_fixes();
std::vector<Fix> id_map_fixes();

// Those for the place we are in first.
std::vector<Fix> sorted(std::vector<Fix> fixes, const std::vector<Where>& where);

}  // namespace sandbox
