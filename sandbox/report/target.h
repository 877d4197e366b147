// What --report or --events names: a file, a device or FIFO, an inherited descriptor. For this
// folder only.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

#include "report/new_file.h"

namespace sandbox {

enum class TargetKind { file, stream, descriptor };

struct Target {
  TargetKind kind = TargetKind::file;
  std::string path{};   // file: the last symlink's target; stream: as given
  std::string words{};  // "--report out.json"
  int fd = -1;
  std::optional<struct stat> existing{};
};

std::string folder_of(const std::string& path);

// Throws Error "cannot write <target.words>: <errno name>".
[[noreturn]] void fail(const Target& target, int error, const std::string& hint = {});

// "--report", "out.json": follows symlinks and throws Error where it can be none.
Target target_of(const std::string& option, const std::string& value);

// Throws Error where it could not be written. Leaves nothing behind and opens no FIFO. `beside`: a
// new file in the target's folder, where it is a file.
void check_target(const Target& target, const std::optional<NewFile>& beside);

}  // namespace sandbox
