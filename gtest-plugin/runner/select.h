// Which TESTs are run here, and how they share sandboxes. Pure but for the earlier reports it
// reads.
#pragma once

#include <cstddef>
#include <vector>

#include "runner/options.h"
#include "runner/program.h"

namespace sandbox::runner {

struct Selection {
  std::vector<bool> selected{};                   // by index: what is reported; disabled ones too
  std::vector<std::vector<std::size_t>> units{};  // the TESTs of each sandbox, in order
  std::vector<std::string> passed_before{};       // left out by --rerun-failed
  bool is_all = false;                            // that can be run at all
};

// A shard's TESTs are those that gtest itself would choose. With --isolate=test those that took
// longest in the report of an earlier run (--report's file) come first.
Selection select(const Options& options, const TestList& tests);

}  // namespace sandbox::runner
