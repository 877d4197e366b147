// The command line of sandbox-gtest → what to run, how, and the Policy of each sandbox.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "policy/policy.h"
#include "policy/world.h"

namespace sandbox::runner {

// A file for gtest's own XML or JSON.
struct GtestOutput {
  enum class Format { xml, json };
  Format format = Format::xml;
  std::string path{};
};

struct Shard {
  unsigned index = 0;  // from 0
  unsigned count = 1;
};

enum class Style { automatic, gtest, terminal };
enum class Color { automatic, always, never };

struct Options {
  enum class Action {
    run,
    list,    // --gtest_list_tests: the program's own words
    direct,  // the program itself, without a sandbox
    version,
    help,
    nothing,  // no program to run
  };
  Action action = Action::run;
  std::string direct_because{};      // why there is none
  std::vector<std::string> given{};  // the program with all its arguments, as they came

  Policy policy{};                   // its command: the program and its own arguments
  std::vector<std::string> flags{};  // --gtest_… for each sandbox
  std::size_t batch = 0;             // TESTs a sandbox; 0: all in one
  unsigned jobs = 1;
  std::optional<std::chrono::milliseconds> test_timeout{};
  std::optional<std::chrono::milliseconds> slow{};
  unsigned retries = 0;
  unsigned max_fail = 0;  // 0: no end
  unsigned repeat = 1;
  bool capture = true;
  bool also_disabled = false;
  bool brief = false;  // --gtest_brief: only what fails is shown
  Color color = Color::automatic;
  Style style = Style::automatic;
  Shard shard{};
  std::string shard_status_file{};  // touched: it tells Bazel that shards are understood
  bool rerun = false;
  std::string rerun_of{};  // a suite report: only what failed there
  std::string report{};    // --report: the suite's
  std::vector<GtestOutput> outputs{};
};

// Throws Error (exit code 125) with every problem.
Options parse_command_line(int argc, char* const* argv, const World& world);

std::string help_text_of_runner();

}  // namespace sandbox::runner
