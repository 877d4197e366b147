#include "rootfs/work_tree.h"

#include <optional>
#include <string_view>

#include "rootfs/paths.h"
#include "sys/files.h"

namespace sandbox {
namespace {

constexpr std::string_view kGitFile = "gitdir:";

std::string_view first_line(std::string_view text) {
  text = text.substr(0, text.find_first_of("\r\n"));
  const size_t start = text.find_first_not_of(" \t");
  return start == std::string_view::npos ? std::string_view{} : text.substr(start);
}

// Where a .git file points to; "" where it is no such file or its target is gone.
std::string git_folder_named_in(const std::string& git_file, const std::string& top) {
  const std::optional<std::string> content = read_file(git_file);
  if (!content || !content->starts_with(kGitFile)) return {};
  const std::string_view target = first_line(std::string_view{*content}.substr(kGitFile.size()));
  if (target.empty()) return {};
  return real_path(absolute_path(target, top)).value_or("");
}

// A `git worktree`'s own folder names the common one; every other git folder is its own.
std::string common_folder_of(const std::string& git_folder) {
  const std::optional<std::string> content = read_file(git_folder + "/commondir");
  const std::string_view target = content ? first_line(*content) : std::string_view{};
  if (target.empty()) return git_folder;
  return real_path(absolute_path(target, git_folder)).value_or(git_folder);
}

std::optional<WorkTree> work_tree_at(const std::string& top) {
  const std::string entry = (top == "/" ? "" : top) + "/.git";
  const PathKind kind = path_kind(entry);
  if (kind != PathKind::file && kind != PathKind::folder) return std::nullopt;
  const std::string git_folder =
      kind == PathKind::folder ? walk_path(entry).real : git_folder_named_in(entry, top);
  // An empty or foreign .git folder, as some tools leave them, makes no work tree.
  if (kind == PathKind::folder && path_kind(git_folder + "/HEAD") == PathKind::missing) {
    return std::nullopt;
  }
  WorkTree tree{top, {}};
  if (git_folder.empty()) return tree;
  const std::string common = common_folder_of(git_folder);
  if (!is_within(common, top)) tree.common_folder = common;
  return tree;
}

}  // namespace

std::vector<WorkTree> work_trees_above(const std::string& folder) {
  std::vector<WorkTree> trees;
  for (std::string top = folder;; top = parent_folder(top)) {
    if (std::optional<WorkTree> tree = work_tree_at(top)) trees.push_back(std::move(*tree));
    if (top == "/") return trees;
  }
}

}  // namespace sandbox
