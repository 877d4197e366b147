// Rules → BPF by libseccomp. Used at build time for the default filter, at run time for --allow.
#pragma once

#include <linux/filter.h>

#include <span>
#include <string>
#include <vector>

#include "seccomp/profile.h"

namespace sandbox {

enum class FilterShape { binary_tree, linear };

// The deny list without the groups named in `allow` (which must be valid names). Throws Error.
std::vector<sock_filter> compile_filter(std::span<const std::string> allow, KillWatch watch,
                                        FilterShape shape = FilterShape::binary_tree);

}  // namespace sandbox
