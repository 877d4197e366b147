// Git's work trees, found by their .git entries (gitrepository-layout(5)); git itself is not run.
#pragma once

#include <string>
#include <vector>

namespace sandbox {

struct WorkTree {
  std::string top{};  // the folder with the .git entry
  // The folder with the objects and refs when it lies outside `top`: a `git worktree`'s common
  // folder, a submodule's, that of --separate-git-dir. Real path; else empty.
  std::string common_folder{};
};

// The work trees that `folder` (real path) lies in, innermost first.
std::vector<WorkTree> work_trees_above(const std::string& folder);

}  // namespace sandbox
