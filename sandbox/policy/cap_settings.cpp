// --memory to --grace.
#include <array>
#include <chrono>
#include <optional>

#include "policy/setting_groups.h"
#include "policy/units.h"
#include "policy/words.h"

namespace sandbox {
namespace {

using enum ValueKind;
using enum Repeat;

constexpr SettingGroup kGroup = SettingGroup::caps;
constexpr std::uint64_t kMostPids = 4'194'304;  // PID_MAX_LIMIT of a 64-bit kernel
constexpr const char* kNone = "none";           // lifts a cap that a policy file sets

using std::chrono::milliseconds;

void set_memory(Policy& policy, const std::string& value, const Place&) {
  policy.limits.memory.reset();
  if (value != kNone) policy.limits.memory = parse_memory(value);
}

void set_cpus(Policy& policy, const std::string& value, const Place&) {
  policy.limits.cpus.reset();
  if (value != kNone) policy.limits.cpus = parse_cpus(value);
}

void set_cpuset(Policy& policy, const std::string& value, const Place&) {
  policy.limits.cpuset.reset();
  if (value != kNone) policy.limits.cpuset = parse_cpuset(value);
}

void set_pids(Policy& policy, const std::string& value, const Place&) {
  policy.limits.pids = parse_number(value, 1, kMostPids);
  policy.limits.pids_asked = true;
}

std::optional<milliseconds> parse_deadline(const std::string& value) {
  if (value == kNone) return std::nullopt;
  const milliseconds time = parse_duration(value);
  if (time == milliseconds::zero())
    refuse(value, "a limit of no time lets nothing start", "no limit is written none");
  return time;
}

void set_timeout(Policy& policy, const std::string& value, const Place&) {
  policy.limits.timeout = parse_deadline(value);
}

void set_cpu_time(Policy& policy, const std::string& value, const Place&) {
  policy.limits.cpu_time = parse_deadline(value);
}

void set_grace(Policy& policy, const std::string& value, const Place&) {
  policy.limits.grace = parse_duration(value);
}

constexpr std::array kSettings{
    Setting{"memory", quantity, last_wins, kGroup, "SIZE", "most memory, /tmp included: 256M, 1.5G",
            "none", set_memory},
    Setting{"cpus", quantity, last_wins, kGroup, "N", "most CPU time, in CPUs: 2, 0.5", "none",
            set_cpus},
    Setting{"cpuset", word, last_wins, kGroup, "LIST|auto", "run on these CPUs only: 0-2,5", "all",
            set_cpuset},
    Setting{"pids", number, last_wins, kGroup, "N", "most processes and threads", "4096", set_pids},
    Setting{"timeout", quantity, last_wins, kGroup, "TIME", "most wall time: 30 (s), 500ms, 2m",
            "none", set_timeout},
    Setting{"cpu-time", quantity, last_wins, kGroup, "TIME", "most CPU time used, all processes",
            "none", set_cpu_time},
    Setting{"grace", quantity, last_wins, kGroup, "TIME", "from SIGTERM to SIGKILL at a limit",
            "1s", set_grace},
};

}  // namespace

std::span<const Setting> cap_settings() {
  return kSettings;
}

}  // namespace sandbox
