#include "policy/settings.h"

#include <limits>

#include "policy/setting_groups.h"
#include "policy/units.h"
#include "policy/words.h"

namespace sandbox {
namespace {

std::vector<Setting> joined_groups() {
  std::vector<Setting> all;
  for (const auto group : {cap_settings(), file_settings(), environment_settings(),
                           isolation_settings(), report_settings(), running_settings()})
    all.insert(all.end(), group.begin(), group.end());
  return all;
}

bool is_env_file(const Assignment& assignment) {
  return std::string_view(assignment.setting->name) == "env-file";
}

}  // namespace

std::span<const Setting> settings() {
  static const std::vector<Setting> all = joined_groups();
  return all;
}

const Setting* find_setting(std::string_view name) {
  for (const Setting& setting : settings())
    if (setting.name == name) return &setting;
  return nullptr;
}

std::string key_of(const Setting& setting) {
  std::string key = setting.name;
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

void refuse_empty(const std::string& value) {
  if (value.empty()) refuse(value, "an empty word");
}

int open_fd(const std::string& number, const World& world) {
  const auto fd = static_cast<int>(parse_number(number, 0, std::numeric_limits<int>::max()));
  if (!world.is_open(fd)) refuse(number, "no such file descriptor is open");
  return fd;
}

void apply_all(Policy& policy, const std::vector<Assignment>& layer, const World& world,
               const std::string& base, Problems& problems) {
  const auto apply = [&](const Assignment& assignment) {
    try {
      assignment.setting->apply(policy, assignment.value, {world, base, assignment.prefix});
    } catch (const Error& error) {
      problems.add(assignment.prefix, error);
    }
  };
  for (const Assignment& assignment : layer)
    if (is_env_file(assignment)) apply(assignment);
  for (const Assignment& assignment : layer)
    if (!is_env_file(assignment)) apply(assignment);
}

}  // namespace sandbox
