// Finding a program as execvp(3) and env(1) do.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rootfs/elf.h"

namespace sandbox {

// The first executable file of that name in PATH (an empty entry is cwd; unset: /bin:/usr/bin).
std::optional<std::string> search_in_path(const std::string& name, const std::string& cwd,
                                          const std::vector<std::string>& environment);

// NAME of "#!/usr/bin/env NAME" and "#!/usr/bin/env -S A=b NAME …"; empty for other scripts.
std::string program_named_to_env(const Executable& script);

}  // namespace sandbox
