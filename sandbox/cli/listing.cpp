#include "cli/listing.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace sandbox {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::array kLists = {"--gtest_list_tests"sv,
                               "--list-tests"sv,
                               "--list-test-names-only"sv,
                               "--list-test-cases"sv,
                               "-ltc"sv,
                               "--list-reporters"sv,
                               "--list_content"sv,
                               "--list_content=HRF"sv,
                               "--list_content=DOT"sv};

}  // namespace

bool only_lists(const std::vector<std::string>& command) {
  return std::any_of(
      command.begin() + (command.empty() ? 0 : 1), command.end(),
      [](const std::string& word) { return std::ranges::find(kLists, word) != kLists.end(); });
}

Policy for_listing(const Policy& policy) {
  Policy listing = policy;
  listing.limits = {};
  listing.reporting.report.clear();
  listing.reporting.report_dir.clear();
  listing.reporting.events.clear();
  listing.reporting.measurements = false;
  listing.best_effort = true;
  return listing;
}

}  // namespace sandbox
