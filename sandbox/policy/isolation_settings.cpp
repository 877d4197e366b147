// --isolation to --core.
#include <algorithm>
#include <array>
#include <limits>

#include "policy/choices.h"
#include "policy/setting_groups.h"
#include "policy/units.h"
#include "policy/words.h"
#include "sys/files.h"

namespace sandbox {
namespace {

using enum ValueKind;
using enum Repeat;

constexpr SettingGroup kGroup = SettingGroup::isolation;
constexpr std::uint64_t kMostId = std::numeric_limits<uid_t>::max() - 1;  // the last is "no id"

void set_isolation(Policy& policy, const std::string& value, const Place&) {
  policy.isolation = choose(value, kIsolations);
}

void set_network(Policy& policy, const std::string& value, const Place&) {
  policy.network = choose(value, kNetworks);
}

void set_seccomp(Policy& policy, const std::string& value, const Place&) {
  policy.seccomp = choose(value, kSeccompModes);
}

void add_allow_name(Policy& policy, const std::string& name, const World& world) {
  const auto names = world.allow_names();
  const bool known = names.empty() || std::find(names.begin(), names.end(), name) != names.end();
  if (known && !name.empty()) return add_once(policy.allow, name);
  const std::string nearest = nearest_name(name, names);
  refuse(name, "no such group of system calls",
         nearest.empty() ? "--help lists them" : "did you mean " + nearest + "?");
}

void add_allow(Policy& policy, const std::string& value, const Place& place) {
  refuse_empty(value);
  for (const std::string_view name : split(value, ','))
    add_allow_name(policy, std::string(name), place.world);
}

void set_uid(Policy& policy, const std::string& value, const Place&) {
  policy.uid = static_cast<uid_t>(parse_number(value, 0, kMostId));
}

void set_gid(Policy& policy, const std::string& value, const Place&) {
  policy.gid = static_cast<gid_t>(parse_number(value, 0, kMostId));
}

void set_keep_root(Policy& policy, const std::string& value, const Place&) {
  policy.keep_root = is_true(value);
}

void add_keep_fd(Policy& policy, const std::string& value, const Place& place) {
  const int fd = open_fd(value, place.world);
  if (fd > 2) add_once(policy.keep_fds, fd);  // 0 to 2 are always kept
}

void set_core(Policy& policy, const std::string& value, const Place&) {
  policy.core = is_true(value);
}

constexpr std::array kSettings{
    Setting{"isolation", word, last_wins, kGroup, "full|none",
            "none: caps and report, no namespaces", "full", set_isolation},
    Setting{"network", word, last_wins, kGroup, "loopback|host|off", "what it can reach",
            "loopback", set_network},
    Setting{"seccomp", word, last_wins, kGroup, "standard|off", "filter of system calls",
            "standard", set_seccomp},
    Setting{"allow", word, list, kGroup, "NAME[,NAME]", "lift a part of the filter", "", add_allow},
    Setting{"uid", number, last_wins, kGroup, "N", "user id as seen inside", "yours; root: 1000",
            set_uid},
    Setting{"gid", number, last_wins, kGroup, "N", "group id as seen inside", "yours; root: 1000",
            set_gid},
    Setting{"keep-root", flag, last_wins, kGroup, "", "root stays root inside", "", set_keep_root},
    Setting{"keep-fd", number, list, kGroup, "N", "hand this open file descriptor on", "",
            add_keep_fd},
    Setting{"core", flag, last_wins, kGroup, "", "let it dump core", "", set_core},
};

}  // namespace

std::span<const Setting> isolation_settings() {
  return kSettings;
}

}  // namespace sandbox
