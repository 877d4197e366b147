// How each test runs: the words of its sandbox-exec, and CTest's own limit above ours. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "ctest/build_tree.h"
#include "ctest/options.h"
#include "ctest/per_test.h"

namespace sandbox::ctest {

struct Arrangement {
  std::vector<std::string> launcher{};  // up to "--"
  std::string program{};                // as CTest found it; "": it is not there yet
  std::string report{};                 // the file
  bool skips = false;                   // SKIP_RETURN_CODE is 77, for --if-unsupported=skip
  std::optional<std::chrono::seconds> ctest_timeout{};
};

struct Arranged {
  std::vector<Arrangement> tests{};  // as they were listed
  std::size_t beside_fixtures = 0;   // without isolation, for a fixture's sake
};

struct Places {
  std::string sandbox_exec{};
  std::string reports{};  // a folder
};

Arranged arrange(const std::vector<ListedTest>& tests, const BuildFolders& tree,
                 const Options& options, const std::vector<Rule>& rules, const Places& places);

}  // namespace sandbox::ctest
