// --project to --chdir.
#include <array>

#include "policy/mount_words.h"
#include "policy/paths.h"
#include "policy/setting_groups.h"
#include "policy/words.h"

namespace sandbox {
namespace {

using enum ValueKind;
using enum Repeat;

constexpr SettingGroup kGroup = SettingGroup::files;

void check_directory(const std::string& value, const std::string& path, const World& world) {
  const FileFacts facts = world.look(path);
  if (facts.kind == FileKind::directory) return;
  if (facts.error != 0)
    throw Error{shown(value) + ": cannot look at it", facts.error, tilde_hint(value)};
  refuse(value, "not a directory");
}

void set_project(Policy& policy, const std::string& value, const Place& place) {
  policy.project = Project{};
  if (value == "auto") return;
  policy.project.choice = Project::Choice::none;
  if (value == "none") return;
  const std::string path = host_path(value, place.base, place.world);
  check_directory(value, path, place.world);
  policy.project = {Project::Choice::directory, path};
}

template <MountKind kind>
void add_bind(Policy& policy, const std::string& value, const Place& place) {
  const auto mount = bind_mount(kind, value, place);
  if (mount) policy.mounts.push_back(*mount);
}

void add_tmpfs(Policy& policy, const std::string& value, const Place& place) {
  policy.mounts.push_back(tmpfs_mount(value, place));
}

void add_device(Policy& policy, const std::string& value, const Place& place) {
  policy.mounts.push_back(device_mount(value, place));
}

void set_chdir(Policy& policy, const std::string& value, const Place& place) {
  const std::string hint = tilde_hint(value);
  if (!hint.empty()) refuse(value, "it begins with a tilde", hint);
  policy.chdir = inside_path(value, place.base);
}

constexpr std::array kSettings{
    Setting{"project", word, last_wins, kGroup, "DIR|auto|none", "shown read-only",
            "auto: work tree, build folder", set_project},
    Setting{"ro-bind", word, list, kGroup, "SRC[:DST]", "show SRC, read-only", "",
            add_bind<MountKind::ro_bind>},
    Setting{"ro-bind-try", word, list, kGroup, "SRC[:DST]", "the same; skip it where missing", "",
            add_bind<MountKind::ro_bind_try>},
    Setting{"bind", word, list, kGroup, "SRC[:DST]", "show SRC, writable", "",
            add_bind<MountKind::bind>},
    Setting{"tmpfs", word, list, kGroup, "DIR[:SIZE]", "an empty, writable DIR", "", add_tmpfs},
    Setting{"device", word, list, kGroup, "PATH", "show this device: /dev/fuse", "", add_device},
    Setting{"chdir", word, last_wins, kGroup, "DIR", "start in DIR, as seen inside", "here",
            set_chdir},
};

}  // namespace

std::span<const Setting> file_settings() {
  return kSettings;
}

}  // namespace sandbox
