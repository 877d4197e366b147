#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

#include "cli/diagnose.h"
#include "sys/files.h"

namespace sandbox {
namespace {

constexpr const char* kFreshHome[] = {"/home", "/root"};
constexpr const char* kFreshTmp[] = {"/tmp", "/var/tmp", "/dev/shm"};

struct Word {
  std::string name{};   // "bind"
  std::string value{};  // "/tmp"
};

Word parts_of(const std::string& word) {
  const std::size_t equals = word.find('=');
  if (equals == std::string::npos) return {word.substr(2), ""};
  return {word.substr(2, equals - 2), word.substr(equals + 1)};
}

Wall wall_of_places(const char* name, const std::vector<std::string>& places) {
  Wall wall{.name = name};
  for (const std::string& place : places) {
    if (real_path(place)) wall.words.push_back("--bind=" + place);
  }
  return wall;
}

// The folders, and no other below them.
std::vector<std::string> outermost(std::vector<std::string> folders) {
  std::ranges::sort(folders);
  std::vector<std::string> kept;
  for (const std::string& folder : folders) {
    if (kept.empty() || !is_within(folder, kept.back())) kept.push_back(folder);
  }
  return kept;
}

Wall project_wall(const Report& report) {
  std::vector<std::string> folders;
  for (const MountRecord& mount : report.mounts) {
    if (mount.kind == "project" && !mount.writable) folders.push_back(mount.destination);
  }
  return wall_of_places("project writable", outermost(folders));
}

Wall environment_wall(const Report& report) {
  Wall wall{.name = "environment"};
  for (const auto& names : {report.environment.removed, report.environment.replaced}) {
    for (const std::string& name : names) wall.words.push_back("--keep-env=" + name);
  }
  return wall;
}

// Each word as a wall of its own.
std::vector<Wall> words_of(const std::vector<Wall>& walls) {
  std::vector<Wall> words;
  for (const Wall& wall : walls) {
    if (wall.lifts_caps) words.push_back(wall);
    for (const std::string& word : wall.words) words.push_back({.name = word, .words = {word}});
  }
  return words;
}

// `walls` together suffice. The last goes first: it is the least likely.
std::vector<Wall> without_needless(std::vector<Wall> walls, const Passes& passes) {
  for (std::size_t i = walls.size(); i-- > 0 && walls.size() > 1;) {
    std::vector<Wall> fewer = walls;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    if (passes(fewer)) walls = std::move(fewer);
  }
  return walls;
}

// What means something in a pattern (fnmatch(3)) stands for itself.
std::string as_pattern(const std::string& name) {
  std::string pattern;
  for (const char c : name) {
    if (std::string_view{"\\*?["}.find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

}  // namespace

std::vector<Wall> walls_of(const Report& report) {
  std::vector<Wall> walls{project_wall(report),
                          wall_of_places("tmp", {std::begin(kFreshTmp), std::end(kFreshTmp)}),
                          wall_of_places("home", {std::begin(kFreshHome), std::end(kFreshHome)}),
                          {.name = "network", .words = {"--network=host"}},
                          environment_wall(report),
                          wall_of_places("run", {"/run"}),
                          {.name = "seccomp", .words = {"--seccomp=off"}},
                          {.name = "identity", .words = {"--keep-root"}},
                          {.name = "caps", .words = {}, .lifts_caps = true}};
  std::erase_if(walls, [](const Wall& wall) { return wall.words.empty() && !wall.lifts_caps; });
  if (report.identity.uid_outside != 0 && report.identity.how == "own id")
    std::erase_if(walls, [](const Wall& wall) { return wall.name == "identity"; });
  return walls;
}

std::optional<std::vector<Wall>> smallest_set(const std::vector<Wall>& walls,
                                              const Passes& passes) {
  for (const Wall& wall : walls) {
    if (passes({wall})) return without_needless(words_of({wall}), passes);
  }
  std::vector<Wall> enough = walls;
  for (std::size_t left_out = walls.size(); !passes(enough);) {
    if (left_out-- == 0) return std::nullopt;
    enough = walls;
    enough.erase(enough.begin() + static_cast<std::ptrdiff_t>(left_out));
  }
  return without_needless(words_of(without_needless(enough, passes)), passes);
}

std::string as_cmake(const std::vector<Wall>& walls) {
  std::string binds;
  std::string network;
  std::string options;
  for (const Wall& wall : walls) {
    for (const std::string& word : wall.words) {
      const Word parts = parts_of(word);
      if (parts.name == "bind") {
        binds += " " + parts.value;
      } else if (parts.name == "network") {
        network = " NETWORK " + parts.value;
      } else {
        options += " " + word;
      }
    }
  }
  std::string text = (binds.empty() ? "" : " BIND" + binds) + network;
  if (!options.empty()) text += " OPTIONS" + options;
  return text.empty() ? "" : text.substr(1);
}

std::string as_per_test(const std::string& name, const std::vector<Wall>& walls) {
  nlohmann::ordered_json options = nlohmann::ordered_json::object();
  for (const Wall& wall : walls) {
    for (const std::string& word : wall.words) {
      Word parts = parts_of(word);
      std::ranges::replace(parts.name, '-', '_');
      if (parts.value.empty()) {
        options[parts.name] = true;
      } else if (parts.name == "bind" || parts.name == "keep_env") {
        options[parts.name].push_back(parts.value);
      } else {
        options[parts.name] = parts.value;
      }
    }
  }
  return nlohmann::ordered_json{{as_pattern(name), options}}.dump(
      -1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace sandbox
