#include "runner/select.h"

#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <string>

#include "runner/suite_report.h"
#include "sys/error.h"

namespace sandbox::runner {
namespace {

using Earlier = std::map<std::string, EarlierTest>;

Earlier earlier_times(const Options& options) {
  if (options.batch != 1 || options.report.empty()) return {};
  struct stat file {};
  if (::stat(options.report.c_str(), &file) != 0 || !S_ISREG(file.st_mode)) return {};
  try {
    return read_suite_report(options.report);
  } catch (const Error&) {  // it only makes the run shorter
    return {};
  }
}

void put_longest_first(std::vector<std::size_t>& runnable, const TestList& tests,
                       const Earlier& earlier) {
  const auto seconds = [&](std::size_t test) {
    const auto found = earlier.find(tests[test].full_name());
    return found == earlier.end() ? 0 : found->second.seconds;
  };
  std::ranges::stable_sort(runnable, std::greater{}, seconds);
}

}  // namespace

Selection select(const Options& options, const TestList& tests) {
  const Earlier before = options.rerun ? read_suite_report(options.rerun_of) : Earlier{};
  const auto is_wanted = [&](const TestCase& test) {
    if (!options.rerun) return true;
    const auto found = before.find(test.full_name());
    return found == before.end() || !found->second.passed;
  };
  Selection selection;
  std::vector<std::size_t> runnable;
  unsigned number = 0;  // among all that can be run, as gtest counts
  for (std::size_t i = 0; i < tests.size(); ++i) {
    const bool can_run = options.also_disabled || !tests[i].is_disabled();
    const bool is_in_shard = number % options.shard.count == options.shard.index;
    const bool here = is_in_shard && is_wanted(tests[i]);
    if (is_in_shard && !here) selection.passed_before.push_back(tests[i].full_name());
    number += can_run;
    selection.selected.push_back(here);
    if (here && can_run) runnable.push_back(i);
  }
  selection.is_all = runnable.size() == number;
  put_longest_first(runnable, tests, earlier_times(options));
  const std::size_t size =
      options.batch > 0 ? options.batch : std::max<std::size_t>(runnable.size(), 1);
  for (std::size_t at = 0; at < runnable.size(); at += size) {
    const auto first = runnable.begin() + static_cast<std::ptrdiff_t>(at);
    selection.units.emplace_back(
        first, first + static_cast<std::ptrdiff_t>(std::min(size, runnable.size() - at)));
  }
  return selection;
}

}  // namespace sandbox::runner
