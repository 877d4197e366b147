// Options for some of the tests: a JSON file whose keys are patterns.
//
//   { "Net.*": {"network": "host"}, "label:slow": {"memory": "2G", "timeout": "10m"} }
#pragma once

#include <string>
#include <vector>

#include "ctest/build_tree.h"
#include "policy/world.h"

namespace sandbox::ctest {

struct Rule {
  std::string pattern{};  // of names, or of labels; fnmatch(3)
  bool is_of_labels = false;
  std::vector<std::string> words{};  // for sandbox-exec
  std::optional<std::chrono::milliseconds> timeout{};
  bool has_isolation = false;

  bool fits(const ListedTest& test) const;
};

// In the file's order: later ones win. The options are those of a policy file. Throws Error (exit
// code 125) with every problem.
std::vector<Rule> read_rules(const std::string& path, const World& world);

// Throws Error where one fits no test.
void check_rules(const std::vector<Rule>& rules, const std::vector<ListedTest>& tests);

}  // namespace sandbox::ctest
