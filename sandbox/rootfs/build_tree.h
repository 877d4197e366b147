// CMake's build trees, found by their CMakeCache.txt.
#pragma once

#include <string>

namespace sandbox {

// What a cache says of itself; symlinks and all, empty where it says nothing.
struct BuildTree {
  std::string named_folder{};  // CMAKE_CACHEFILE_DIR
  std::string named_source{};  // CMAKE_HOME_DIRECTORY
};

// The nearest folder with a CMakeCache.txt at or above `folder` (real path); empty: none.
std::string build_folder_above(const std::string& folder);
BuildTree read_build_tree(const std::string& build_folder);

}  // namespace sandbox
