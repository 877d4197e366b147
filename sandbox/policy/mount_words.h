// SRC[:DST], DIR[:SIZE] and a device's path as mounts.
#pragma once

#include <optional>
#include <string>

#include "policy/policy.h"
#include "policy/settings.h"

namespace sandbox {

// nullopt: the source is missing and `kind` is ro_bind_try. All three throw Error "<value>:
// <problem>".
std::optional<Mount> bind_mount(MountKind kind, const std::string& value, const Place& place);
Mount tmpfs_mount(const std::string& value, const Place& place);
Mount device_mount(const std::string& value, const Place& place);

}  // namespace sandbox
