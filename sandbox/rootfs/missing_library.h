// Why the loader could not start a program (ld.so(8)).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "rootfs/elf.h"

namespace sandbox {

struct MissingLibrary {
  std::string name{};    // "libfmt.so.10"
  std::string folder{};  // the folder of the host that holds it; empty: none on the search path
};

struct LoaderView {
  std::vector<std::string> library_path{};  // LD_LIBRARY_PATH, made absolute
  std::string cwd{};
  std::function<bool(const std::string&)> shows{};  // whether a real path of the host is shown
};

// The first library that the program, or one that it needs, asks for and that is not shown. Looks
// where the loader does: RPATH, RUNPATH, LD_LIBRARY_PATH, the folders of /etc/ld.so.conf, the
// system's own. To be asked once it is known that the program did not start; slow.
std::optional<MissingLibrary> find_missing_library(const Executable& program,
                                                   const LoaderView& view);

}  // namespace sandbox
