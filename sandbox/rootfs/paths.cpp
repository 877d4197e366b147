#include "rootfs/paths.h"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "sys/files.h"

namespace sandbox {
namespace {

constexpr size_t kMaxHops = 40;  // the kernel's own limit, MAXSYMLINKS

void append_components(std::string& path, std::string_view text) {
  for (std::string_view piece : split(text, '/')) {
    if (!piece.empty() && piece != ".") path.append("/").append(piece);
  }
}

void push_components(std::vector<std::string>& pending, std::string_view text) {
  const std::vector<std::string_view> pieces = split(text, '/');
  for (auto piece = pieces.rbegin(); piece != pieces.rend(); ++piece) {
    if (!piece->empty() && *piece != ".") pending.emplace_back(*piece);
  }
}

class Walker {
 public:
  Walk walk(const std::string& path) {
    push_components(pending_, path);
    while (!pending_.empty()) {
      const std::string name = std::move(pending_.back());
      pending_.pop_back();
      step(name);
    }
    if (walk_.real.empty()) walk_.real = "/";
    return std::move(walk_);
  }

 private:
  // walk_.real is "" at the root, so that a name is always appended the same way.
  void step(const std::string& name) {
    if (name == "..") {
      walk_.real.resize(walk_.real.empty() ? 0 : walk_.real.rfind('/'));
      return;
    }
    const std::string next = walk_.real + '/' + name;
    char target[PATH_MAX];
    const ssize_t size = walk_.error ? -1 : ::readlink(next.c_str(), target, sizeof target);
    if (size >= 0) return follow(next, {target, static_cast<size_t>(size)});
    if (!walk_.error && errno != EINVAL) walk_.error = errno;
    walk_.real = next;
  }

  void follow(const std::string& link, std::string_view target) {
    walk_.hops.push_back({link, std::string{target}});
    if (walk_.hops.size() > kMaxHops) {
      walk_.error = ELOOP;
      walk_.real = link;
      return;
    }
    if (target.starts_with('/')) walk_.real.clear();
    push_components(pending_, target);
  }

  Walk walk_;
  std::vector<std::string> pending_;  // components still to go, the next one last
};

}  // namespace

std::string absolute_path(std::string_view path, std::string_view cwd) {
  std::string result;
  if (!path.starts_with('/')) append_components(result, cwd);
  append_components(result, path);
  return result.empty() ? "/" : result;
}

std::string parent_folder(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == 0 || slash == std::string_view::npos) return "/";
  return std::string{path.substr(0, slash)};
}

bool component_order(std::string_view a, std::string_view b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const auto rank = [](char c) { return c == '/' ? 0 : static_cast<unsigned char>(c); };
    return rank(x) < rank(y);
  });
}

Walk walk_path(const std::string& path) {
  return Walker{}.walk(path);
}

PathKind path_kind(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return PathKind::missing;
  if (S_ISDIR(info.st_mode)) return PathKind::folder;
  return S_ISREG(info.st_mode) ? PathKind::file : PathKind::other;
}

std::optional<std::string_view> variable(const std::vector<std::string>& environment,
                                         std::string_view name) {
  for (auto entry = environment.rbegin(); entry != environment.rend(); ++entry) {
    if (entry->size() > name.size() && (*entry)[name.size()] == '=' && entry->starts_with(name)) {
      return std::string_view{*entry}.substr(name.size() + 1);
    }
  }
  return std::nullopt;
}

}  // namespace sandbox
