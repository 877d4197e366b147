// Which libraries the loader would take from outside the system's folders (ld.so(8)).
#pragma once

#include <string>
#include <vector>

#include "rootfs/elf.h"

namespace sandbox {

struct LibraryFolder {
  std::string path{};  // absolute, may not exist
  std::string why{};   // "RUNPATH of ./t"
};

struct Libraries {
  std::vector<LibraryFolder> folders{};
  std::vector<std::string> files{};  // found in these or in LD_LIBRARY_PATH's folders
};

// The RPATH and RUNPATH folders of the program and of the libraries found through them. Nothing is
// looked up in the system's own folders, and nothing at all when there is no folder to look in.
// `words` names the program in `why`; `library_path` is LD_LIBRARY_PATH, made absolute.
Libraries find_libraries(const Executable& program, const std::string& words,
                         const std::vector<std::string>& library_path, const std::string& cwd);

}  // namespace sandbox
