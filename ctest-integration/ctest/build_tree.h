// A CMake build tree and its tests, as CTest itself tells of them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctest/options.h"

namespace sandbox::ctest {

struct BuildFolders {
  std::string build{};                                 // absolute
  std::string source{};                                // of its project; "": not known
  std::optional<std::chrono::milliseconds> timeout{};  // of DartConfiguration.tcl
};

bool has_preset(const Options& options);

// Throws Error (exit code 125) where there is no build tree.
BuildFolders find_build_tree(const Options& options);

// CTest's words with the files that it looks for below its --test-dir, which is another here.
std::vector<std::string> below_tree(std::vector<std::string> words, const BuildFolders& tree);

struct ListedTest {
  std::string name{};
  std::vector<std::string> command{};  // empty: its program is missing
  std::string working_directory{};
  std::vector<std::string> labels{};
  std::vector<std::string> environment{};        // ENVIRONMENT: "NAME=value"
  std::vector<std::string> environment_names{};  // of ENVIRONMENT and ENVIRONMENT_MODIFICATION
  std::optional<std::chrono::milliseconds> timeout{};
  bool has_skip_code = false;  // SKIP_RETURN_CODE
  bool has_fixture = false;    // sets up, cleans up or requires one
};

// From what --show-only=json-v1 writes, in CTest's order. Throws Error where it is not that.
std::vector<ListedTest> parse_tests(std::string_view json);

// All tests of the tree, whichever are to run. Throws Error where CTest cannot tell, or there is
// none.
std::vector<ListedTest> list_tests(const BuildFolders& tree, const Options& options);

}  // namespace sandbox::ctest
