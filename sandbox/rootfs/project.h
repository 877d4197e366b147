// Which folders belong to the project: shown read-only at their own paths.
#pragma once

#include <string>
#include <vector>

#include "policy/policy.h"
#include "rootfs/hidden.h"  // fresh_places

namespace sandbox {

struct ProjectFolder {
  std::string path{};  // real path, absolute
  std::string why{};  // "nearest CMakeCache.txt", "its CMAKE_HOME_DIRECTORY", "git work tree", "git
                      // common dir", "cwd", "--project"
};

struct ProjectView {
  std::vector<ProjectFolder> folders{};  // outermost only: none within another
  std::vector<std::string> dropped{};    // candidates not taken, with the reason, for the report
  // Other names of these folders, through symlinks, that the build or the user goes by: for
  // NeedsQuery::aliases.
  std::vector<std::string> aliases{};
};

// The union of: for the nearest CMakeCache.txt above program and above cwd, its folder and its
// CMAKE_HOME_DIRECTORY; the outermost git work tree above cwd (.git folder, or .git file: then the
// common git dir too); cwd, when it is hidden and none of these covers it or nothing was found. A
// candidate that is /, $HOME, a fresh place, an ancestor of one, a home folder or a place for keys
// is dropped (of several work trees the outermost that is not). Throws Error (hint: --project DIR)
// when cwd itself is such a place and nothing else was found, or when it would not exist inside (a
// refused folder within a fresh place); when --project DIR does not exist, is no folder, or is such
// a place. `program` is the real path of the program, or empty; `fresh`: fresh_places(home). Only
// reads the file system.
ProjectView discover_project(const Project& choice, const std::string& cwd,
                             const std::string& program, const std::string& home,
                             std::vector<std::string> fresh);

}  // namespace sandbox
