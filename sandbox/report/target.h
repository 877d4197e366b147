// What --report or --events names: a file, a device or FIFO, an inherited descriptor. For this
// folder only.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <string_view>

namespace sandbox {

enum class TargetKind { file, stream, descriptor };

struct Target {
  TargetKind kind = TargetKind::file;
  std::string path{};   // file: the last symlink's target; stream: as given
  std::string words{};  // "--report out.json"
  int fd = -1;
  std::optional<struct stat> existing{};
};

// Beneath a pinned folder: "/proc/self/fd/7/r.json".
inline constexpr std::string_view kPinned = "/proc/self/fd/";

std::string folder_of(const std::string& path);

// Throws Error "cannot write <target.words>: <errno name>".
[[noreturn]] void fail(const Target& target, int error, const std::string& hint = {});

// "--report", "out.json": follows symlinks and throws Error where it can be none.
Target target_of(const std::string& option, const std::string& value);

// Throws Error where it could not be written. Leaves nothing behind and opens no FIFO.
void check_target(const Target& target);

// Whether `folder` takes a new file, by trying: access(2) knows nothing of quotas, root squash or
// proc. Returns 0 or errno.
int try_new_file(const std::string& folder);

}  // namespace sandbox
