// The folder that ctest is given in the build tree's stead: its test file reads the tree's own and
// puts each test's launcher before its command.
#pragma once

#include <string>
#include <vector>

#include "ctest/arrange.h"
#include "ctest/build_tree.h"

namespace sandbox::ctest {

// The text of its CTestTestfile.cmake. Pure.
std::string shadow_test_file(const BuildFolders& tree, const std::vector<ListedTest>& tests,
                             const Arranged& arranged);

// DartConfiguration.tcl with another BuildDirectory. Pure.
std::string shadow_configuration(const std::string& text, const std::string& folder);

// Makes `folder` anew. What CTest writes or looks for beside the test file is the tree's own, by
// symlinks. Throws Error.
void write_shadow(const std::string& folder, const BuildFolders& tree,
                  const std::vector<ListedTest>& tests, const Arranged& arranged);

}  // namespace sandbox::ctest
