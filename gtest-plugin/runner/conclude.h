// One sandbox's run → what became of each TEST that it was to run. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "runner/result.h"

namespace sandbox::runner {

struct Conclusion {
  std::vector<std::pair<std::size_t, Attempt>> attempts{};  // at most one for each wanted TEST
  std::vector<std::size_t> remaining{};                     // to be run in a fresh sandbox
  std::optional<ProgramFailure> failure{};
};

// What gtest's XML says of a TEST comes first, unless standard output shows that it failed in an
// earlier round; then what standard output shows. XML that was written before the program ended in
// a TEST, by an earlier round or by a child, counts for nothing. A program that
// ended without its XML ended in the TEST that ran: its listener's word (report.outcome.test)
// counts unless standard output shows that one's end. Where none ran, the others remain; but where
// no TEST at all got its turn, running it again would not help: then they failed.
Conclusion conclude(const RunRecord& record, const TestList& tests);

}  // namespace sandbox::runner
