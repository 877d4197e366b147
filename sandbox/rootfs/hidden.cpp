#include "rootfs/hidden.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "rootfs/paths.h"
#include "sys/files.h"

namespace sandbox {
namespace {

constexpr std::array kUsualPlaces = {"/root", "/home", "/tmp", "/var/tmp", "/run"};

// Always made inside, beneath a /dev of the sandbox's own; so it counts whether it is here or not.
constexpr const char* kSharedMemory = "/dev/shm";

constexpr std::array<std::string_view, 10> kSystemFolders = {
    "/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/dev", "/proc", "/sys", "/boot"};

// Never shown, wherever they lie.
constexpr std::array<std::string_view, 8> kSecrets = {
    ".ssh", ".gnupg", ".aws", ".kube", ".docker", ".netrc", ".git-credentials", ".config/gh"};

// Never shown when they are $HOME's.
constexpr std::array<std::string_view, 11> kHomeSecrets = {".azure",
                                                           ".config/gcloud",
                                                           ".config/git/credentials",
                                                           ".cargo/credentials",
                                                           ".cargo/credentials.toml",
                                                           ".local/share/keyrings",
                                                           ".npmrc",
                                                           ".password-store",
                                                           ".pypirc",
                                                           ".pgpass",
                                                           ".vault-token"};

// What tells a home folder from another.
constexpr std::array<std::string_view, 2> kHomeMarks = {".ssh", ".gnupg"};

bool exists(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

bool is_system(std::string_view folder) {
  return folder == "/" || folder == "/var" ||
         std::any_of(kSystemFolders.begin(), kSystemFolders.end(),
                     [&](std::string_view system) { return is_within(folder, system); });
}

std::string real_home(const std::string& home) {
  if (!home.starts_with('/')) return {};
  return real_path(home).value_or("");
}

void keep_outermost(std::vector<std::string>& folders) {
  std::sort(folders.begin(), folders.end(), component_order);
  std::vector<std::string> kept;
  for (std::string& folder : folders) {
    if (kept.empty() || !is_within(folder, kept.back())) kept.push_back(std::move(folder));
  }
  folders = std::move(kept);
}

bool looks_like_home(const std::string& folder) {
  return std::any_of(kHomeMarks.begin(), kHomeMarks.end(), [&](std::string_view mark) {
    return exists(folder + '/' + std::string{mark});
  });
}

// Whether the components of `name` stand in `path` one after the other.
bool has_components(std::string_view path, std::string_view name) {
  for (size_t at = path.find(name); at != std::string_view::npos; at = path.find(name, at + 1)) {
    const size_t end = at + name.size();
    const bool starts = at > 0 && path[at - 1] == '/';
    if (starts && (end == path.size() || path[end] == '/')) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> fresh_places(const std::string& home) {
  std::vector<std::string> places{kSharedMemory};
  for (const char* usual : kUsualPlaces) {
    if (std::optional<std::string> real = real_path(usual)) places.push_back(std::move(*real));
  }
  const std::string real = real_home(home);
  if (!real.empty() && !is_system(real)) places.push_back(real);
  keep_outermost(places);
  return places;
}

HiddenPlaces::HiddenPlaces(std::vector<std::string> fresh, std::vector<std::string> covered,
                           const std::string& home)
    : fresh_(std::move(fresh)), covered_(std::move(covered)), home_(real_home(home)) {}

bool HiddenPlaces::hides(std::string_view path) const {
  return is_fresh(path) && std::none_of(covered_.begin(), covered_.end(), [&](const auto& folder) {
           return is_within(path, folder);
         });
}

bool HiddenPlaces::is_fresh(std::string_view path) const {
  return std::any_of(fresh_.begin(), fresh_.end(),
                     [&](const auto& place) { return is_within(path, place); });
}

std::string HiddenPlaces::refusal(const std::string& folder) const {
  if (folder == "/") return "is the root folder";
  if (folder == home_) return "is the home folder";
  for (const std::string& place : fresh_) {
    if (folder == place) return "is a place that starts empty in the sandbox";
    if (is_within(place, folder)) return "holds " + place + ", which starts empty in the sandbox";
  }
  if (!home_.empty() && is_within(home_, folder)) return "holds the home folder " + home_;
  if (folder == home_ + "/.local") return "holds the settings of every program";
  const std::string parent = parent_folder(folder);
  if (folder == "/run/user" || parent == "/run/user") return "is where the host's sockets are";
  const bool in_place = std::find(fresh_.begin(), fresh_.end(), parent) != fresh_.end();
  return in_place && looks_like_home(folder) ? "is a home folder" : "";
}

const std::vector<std::string>& HiddenPlaces::linked_secrets() const {
  if (linked_secrets_) return *linked_secrets_;
  linked_secrets_.emplace();
  for (const std::string_view name : kSecrets) {
    if (home_.empty()) break;
    const std::string secret = home_ + '/' + std::string{name};
    char target[1];
    if (::readlink(secret.c_str(), target, sizeof target) < 0) continue;
    linked_secrets_->push_back(walk_path(secret).real);
  }
  return *linked_secrets_;
}

bool HiddenPlaces::lies_in_secret(std::string_view path) const {
  const auto in_home = [&](std::string_view name) {
    return is_within(path, home_ + '/' + std::string{name});
  };
  const auto& linked = linked_secrets();
  return std::any_of(kSecrets.begin(), kSecrets.end(),
                     [&](std::string_view name) { return has_components(path, name); }) ||
         std::any_of(kHomeSecrets.begin(), kHomeSecrets.end(), in_home) ||
         std::any_of(linked.begin(), linked.end(),
                     [&](const std::string& secret) { return is_within(path, secret); });
}

bool HiddenPlaces::holds_secret(const std::string& folder) const {
  const auto holds = [&](std::string_view name) {
    const std::string secret = home_ + '/' + std::string{name};
    return is_within(secret, folder) && exists(secret);
  };
  const auto& linked = linked_secrets();
  return std::any_of(kSecrets.begin(), kSecrets.end(), holds) ||
         std::any_of(kHomeSecrets.begin(), kHomeSecrets.end(), holds) ||
         std::any_of(linked.begin(), linked.end(),
                     [&](const std::string& secret) { return is_within(secret, folder); }) ||
         looks_like_home(folder);
}

bool HiddenPlaces::holds_secret_name(const std::string& folder) const {
  return std::any_of(kSecrets.begin(), kSecrets.end(), [&](std::string_view name) {
    return exists(folder + '/' + std::string{name});
  });
}

}  // namespace sandbox
