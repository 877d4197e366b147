// What a process that runs is charged for, together with all others of its control group.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace sandbox {

// Bytes, at the moment: v2 memory.current, v1 memory.usage_in_bytes. nullopt where nothing counts
// them, and for a process that is in no run's group: a sandbox before it joins its own, or a dead
// one.
std::optional<std::uint64_t> memory_of_group(pid_t pid);

}  // namespace sandbox
