#include "policy/paths.h"

#include <vector>

#include "policy/words.h"
#include "sys/files.h"

namespace sandbox {
namespace {

std::string joined(std::string_view path, std::string_view base) {
  if (path.empty()) refuse(path, "an empty path");
  if (path.front() == '/') return std::string(path);
  if (base.empty()) refuse(path, "a relative path, and the current directory no longer exists");
  return std::string(base) + "/" + std::string(path);
}

std::string normal(std::string_view path) {
  std::vector<std::string_view> kept;
  for (const std::string_view piece : split(path, '/')) {
    if (piece.empty() || piece == ".") continue;
    if (piece != "..") {
      kept.push_back(piece);
    } else if (!kept.empty()) {
      kept.pop_back();
    }
  }
  std::string result;
  for (const std::string_view piece : kept) {
    result += '/';
    result += piece;
  }
  return result.empty() ? "/" : result;
}

bool goes_up(std::string_view path) {
  for (const std::string_view piece : split(path, '/'))
    if (piece == "..") return true;
  return false;
}

}  // namespace

std::string inside_path(std::string_view path, std::string_view base) {
  return normal(joined(path, base));
}

std::string host_path(std::string_view path, std::string_view base, const World& world) {
  const std::string whole = joined(path, base);
  if (!goes_up(path)) return normal(whole);
  // The last piece stays as it is named, so that a symlink is shown under its own name.
  const std::size_t slash = whole.rfind('/');
  const std::string last = whole.substr(slash + 1);
  const bool resolve_all = last.empty() || last == "." || last == "..";
  const auto real = world.real_path(resolve_all ? whole : whole.substr(0, slash + 1));
  if (!real) return normal(whole);
  return resolve_all ? *real : normal(*real + "/" + last);
}

std::string tilde_hint(std::string_view path) {
  if (path != "~" && !path.starts_with("~/")) return {};
  return "the shell expands ~ only at the start of a word: write $HOME" +
         std::string(path.substr(1));
}

}  // namespace sandbox
