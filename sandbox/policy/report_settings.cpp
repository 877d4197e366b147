// --report to --ctest-measurements.
#include <array>

#include "policy/choices.h"
#include "policy/paths.h"
#include "policy/setting_groups.h"
#include "policy/words.h"

namespace sandbox {
namespace {

using enum ValueKind;
using enum Repeat;

constexpr SettingGroup kGroup = SettingGroup::reporting;

void set_events(Policy& policy, const std::string& value, const Place& place) {
  if (value.starts_with("fd:")) {
    in_words(value, [&] { return open_fd(value.substr(3), place.world); });
    policy.reporting.events = value;
  } else {
    policy.reporting.events = host_path(value, place.base, place.world);
  }
}

void set_report(Policy& policy, const std::string& value, const Place& place) {
  policy.reporting.report = value;
  if (value.starts_with("fd:")) {
    in_words(value, [&] { return open_fd(value.substr(3), place.world); });
  } else {
    policy.reporting.report = host_path(value, place.base, place.world);
  }
}

void set_report_dir(Policy& policy, const std::string& value, const Place& place) {
  policy.reporting.report_dir = host_path(value, place.base, place.world);
}

void set_name(Policy& policy, const std::string& value, const Place&) {
  refuse_empty(value);
  policy.reporting.name = value;
}

void set_quiet(Policy& policy, const std::string& value, const Place&) {
  policy.reporting.quiet = is_true(value);
}

void set_signal_exit(Policy& policy, const std::string& value, const Place&) {
  policy.reporting.signal_exit_as_code = choose(value, kSignalExits);
}

void set_ctest(Policy& policy, const std::string& value, const Place&) {
  policy.reporting.ctest = is_true(value);
}

void set_measurements(Policy& policy, const std::string& value, const Place&) {
  policy.reporting.measurements = is_true(value);
}

constexpr std::array kSettings{
    Setting{"report", word, last_wins, kGroup, "FILE|fd:N", "write the JSON report there", "",
            set_report},
    Setting{"report-dir", word, last_wins, kGroup, "DIR", "write it there, one file a run", "",
            set_report_dir},
    Setting{"events", word, last_wins, kGroup, "FILE|fd:N",
            "stream events there as JSON lines while it runs", "", set_events},
    Setting{"name", word, last_wins, kGroup, "NAME", "its name in the report", "the program's",
            set_name},
    Setting{"quiet", flag, last_wins, kGroup, "", "no line on stderr about the end", "", set_quiet},
    Setting{"signal-exit", word, last_wins, kGroup, "signal|code",
            "died of signal N: do so too, or exit 128+N", "signal", set_signal_exit},
    Setting{"ctest", flag, last_wins, kGroup, "", "die of a signal at any end but its own", "",
            set_ctest},
    Setting{"ctest-measurements", flag, last_wins, kGroup, "",
            "print its figures for CTest's Test.xml after it", "", set_measurements},
};

}  // namespace

std::span<const Setting> report_settings() {
  return kSettings;
}

}  // namespace sandbox
