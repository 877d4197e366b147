// --best-effort and --if-unsupported.
#include <array>

#include "policy/choices.h"
#include "policy/setting_groups.h"

namespace sandbox {
namespace {

using enum ValueKind;
using enum Repeat;

constexpr SettingGroup kGroup = SettingGroup::running;

void set_best_effort(Policy& policy, const std::string& value, const Place&) {
  policy.best_effort = is_true(value);
}

void set_if_unsupported(Policy& policy, const std::string& value, const Place&) {
  policy.reporting.if_unsupported = choose(value, kIfUnsupported);
}

constexpr std::array kSettings{
    Setting{"best-effort", flag, last_wins, kGroup, "", "run with what this host can give", "",
            set_best_effort},
    Setting{"if-unsupported", word, last_wins, kGroup, "fail|skip",
            "no sandbox here: exit 125 or 77", "fail", set_if_unsupported},
};

}  // namespace

std::span<const Setting> running_settings() {
  return kSettings;
}

}  // namespace sandbox
