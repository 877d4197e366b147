// The command line of sandbox-ctest: whose each word is.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/policy.h"
#include "policy/world.h"

namespace sandbox::ctest {

enum class BuildTree { writable, read_only };

struct Options {
  enum class Action {
    run,
    ctest_only,  // it lists, or explains: no test runs
    version,
    help,
  };
  Action action = Action::run;
  std::vector<std::string> given{};  // the whole command line
  // CTest's own words, in order; without --test-dir, --timeout and --output-junit.
  std::vector<std::string> ctest_words{};
  std::string test_dir{};  // as given; "": the current folder, or the preset's
  std::string junit{};     // CTest's own, as given
  // Words for each sandbox-exec; their paths are absolute.
  std::vector<std::string> sandbox_words{};
  Policy policy{};  // what they come to
  std::optional<std::chrono::milliseconds> timeout{};
  bool isolation_given = false;
  BuildTree build_tree = BuildTree::writable;
  bool diagnose = false;     // what failed
  std::string per_test{};    // a file of options for some tests
  std::string report{};      // a further place for the suite report
  std::string report_dir{};  // "": Testing/sandbox in the build tree
};

// Throws Error (exit code 125) with every problem.
Options parse_command_line(int argc, char* const* argv, const World& world);

// Whether an option is about one sandbox, and not for all, nor for some.
bool is_of_one_sandbox(std::string_view name);

// What options.sandbox_words come to for a test that runs in `folder`: its own policy file counts.
Policy policy_of_tests(const Options& options, const std::string& folder);

// "--timeout" and such as words of sandbox-exec for one test; relative paths in `value` are below
// `base`.
std::vector<std::string> sandbox_words(const std::string& name, const std::string& value,
                                       const std::string& base);

std::string help_text_of_ctest();

}  // namespace sandbox::ctest
