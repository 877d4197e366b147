// What the program needs to see that lies in a hidden (fresh) place.
#pragma once

#include <string>
#include <vector>

namespace sandbox {

struct Need {
  std::string path{};  // absolute; shown read-only at this same path
  bool directory = false;
  // A symlink hop on the way: made again as a symlink to `link`, instead of bound.
  std::string link{};
  std::string why{};  // "the program", "interpreter of ./t", "RUNPATH of ./t", "PATH",
                      // "VIRTUAL_ENV", "argument"
};

struct NeedsQuery {
  std::string program{};                   // as found: absolute, symlinks not resolved
  std::vector<std::string> command{};      // argv, for paths given as arguments
  std::vector<std::string> environment{};  // "NAME=value"
  std::string cwd{};
  std::string home{};
  std::vector<std::string> fresh{};  // fresh_places()
  // What is shown already: the project, the binds' destinations, the declared outputs.
  std::vector<std::string> covered{};
  // Names through symlinks that must lead to the same place inside (ProjectView::aliases).
  std::vector<std::string> aliases{};
};

// The program, its symlink hops and its interpreter (ELF PT_INTERP or #!, a #! line's `env NAME`
// too), with the prefix that they are installed under; the folders in RPATH, RUNPATH ($ORIGIN
// expanded; of the libraries found there too), LD_LIBRARY_PATH, LD_PRELOAD and PATH (PATH with the
// prefix: DIR/.. of a DIR/bin, never $HOME or ~/.local itself); those named by VIRTUAL_ENV (with
// the python it was made from) CONDA_PREFIX PYTHONPATH PYENV_ROOT NVM_DIR JAVA_HOME QT_PLUGIN_PATH
// CONAN_HOME VCPKG_ROOT; existing files and folders given as arguments (also after `--name=`). Only
// what lies in a fresh place and is not covered; never ~/.ssh .gnupg .aws .kube .docker .netrc
// .git-credentials .config/gh (hidden.h), nor a folder that contains one of them, nor a fresh place
// itself. No path twice, none within another; sorted. A need may contain a covered folder: bind
// needs first.
std::vector<Need> find_needs(const NeedsQuery& query);

// The path execve gets: `name` itself when it has a slash (made absolute against cwd), else the
// first executable in PATH. Throws Error with exit_code 127 (not found; says so when ./name exists)
// or 126 (a directory, not executable, a script whose interpreter is missing: names the
// interpreter; a script without "#!"). what() does not repeat "not found" or "not executable": the
// exit code says it.
std::string find_program(const std::string& name, const std::string& cwd,
                         const std::vector<std::string>& environment);

}  // namespace sandbox
