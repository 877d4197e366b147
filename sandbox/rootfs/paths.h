// Paths as text, and paths walked as the kernel walks them (path_resolution(7)).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sandbox {

// `path` against `cwd` if relative; without "." and doubled or final slashes. ".." stays: after a
// symlink it means the parent of what the symlink leads to.
std::string absolute_path(std::string_view path, std::string_view cwd);

// Of an absolute path: "/a" for "/a/b", "/" for "/a" and "/".
std::string parent_folder(std::string_view path);

// Whether `a` sorts before `b` so that all that lies below a folder follows it directly:
// "/a", "/a/b", "/a-b".
bool component_order(std::string_view a, std::string_view b);

struct SymlinkHop {
  std::string path{};    // where the symlink is; no component before it is a symlink
  std::string target{};  // as readlink(2) gives it
};

struct Walk {
  std::string real{};  // where the path ends; from the first missing component on, as text
  std::vector<SymlinkHop> hops{};
  int error = 0;  // 0: it exists; else errno of the component that stopped the walk

  bool exists() const { return error == 0; }
};

// Follows every symlink of an absolute path, the last component's too.
Walk walk_path(const std::string& path);

enum class PathKind { missing, file, folder, other };

// Symlinks are followed.
PathKind path_kind(const std::string& path);

// The value of NAME in "NAME=value" entries (the last one wins); nullopt when it is not set.
std::optional<std::string_view> variable(const std::vector<std::string>& environment,
                                         std::string_view name);

}  // namespace sandbox
