// --diagnose: which walls of the sandbox a test runs into.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "report/report.h"

namespace sandbox {

// One thing that the sandbox keeps from a test, and the options that let it have it.
struct Wall {
  std::string name{};                // "tmp"
  std::vector<std::string> words{};  // "--bind=/tmp"
  bool lifts_caps = false;           // the caller's own caps are left out
};

// All that can be lowered for a run that ended as `report` says, with the likeliest first.
std::vector<Wall> walls_of(const Report& report);

// Whether the test passes with these walls lowered: not once by chance.
using Passes = std::function<bool(const std::vector<Wall>& lowered)>;

// One wall alone, else as few as it takes, and of those no word too many: nullopt where neither all
// of them together nor all but one help (lowering one may be what hurts).
std::optional<std::vector<Wall>> smallest_set(const std::vector<Wall>& walls, const Passes& passes);

// As arguments of sandbox_add_test(), and as sandbox-ctest's --per-test file.
std::string as_cmake(const std::vector<Wall>& walls);
std::string as_per_test(const std::string& name, const std::vector<Wall>& walls);

// What to look at.
struct Patient {
  std::string name{};
  std::vector<std::string> command{};
  std::vector<std::string>
      around{};  // before the command outside and before sandbox-exec: "env", "-C", …
  std::string sandbox_exec{};
  std::vector<std::string> options{};  // its own; those that tell of the run are left out
  std::optional<std::chrono::milliseconds> most{};  // a run that takes longer is ended
};

struct Diagnosis {
  enum class Finding { passes, fails_outside, flaky, walls, unexplained };
  Finding finding = Finding::unexplained;
  std::vector<Wall> walls{};
};

// Runs the command outside once, and again and again inside; says on standard output what it finds.
// Throws Error where it cannot be run.
Diagnosis diagnose(const Patient& patient);

}  // namespace sandbox
