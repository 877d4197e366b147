#include "rootfs/project.h"

#include <algorithm>
#include <cerrno>

#include "rootfs/build_tree.h"
#include "rootfs/paths.h"
#include "rootfs/work_tree.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sandbox {
namespace {

constexpr const char* kCwdHint =
    "change into the project first, or name it: --project DIR (--project none shows none)";

class ProjectFinder {
 public:
  ProjectFinder(const std::string& home, std::vector<std::string> fresh)
      : places_(std::move(fresh)), hidden_(places_, {}, home) {}

  void add_build_tree(const std::string& above) {
    const std::string folder = build_folder_above(above);
    if (folder.empty() || folder == build_folder_) return;
    build_folder_ = folder;
    const BuildTree tree = read_build_tree(folder);
    add(folder, "nearest CMakeCache.txt");
    // A build tree that was moved still names its old folder.
    if (real_path(tree.named_folder) == folder) add_alias(tree.named_folder, folder);
    if (!tree.named_source.empty()) add_named(tree.named_source, "its CMAKE_HOME_DIRECTORY");
  }

  // The outermost that may be shown: a home folder under git does not hide the project in it.
  void add_work_trees(const std::string& above) {
    const std::vector<WorkTree> trees = work_trees_above(above);
    for (const WorkTree& tree : trees) {
      if (!tree.common_folder.empty()) add(tree.common_folder, "git common dir");
    }
    for (auto tree = trees.rbegin(); tree != trees.rend(); ++tree) {
      if (add(tree->top, "git work tree")) return;
    }
  }

  void add_cwd(const std::string& cwd, const std::string& real) {
    add_alias(cwd, real);
    if (covers(real)) return;
    const std::string refusal = refuse(real);
    if (refusal.empty()) {
      if (view_.folders.empty() || hidden_.is_fresh(real)) add(real, "cwd");
    } else if (view_.folders.empty() || !is_there(real)) {
      throw Error{"cannot take the current folder as the project: " + cwd + ' ' + refusal, 0,
                  kCwdHint};
    }
  }

  void add_chosen(const std::string& directory) {
    const std::string words = "cannot use --project " + directory;
    const std::optional<std::string> real = real_path(directory);
    if (!real) throw Error{words, errno};
    if (path_kind(*real) != PathKind::folder) throw Error{words + ": it is not a folder"};
    const std::string refusal = refuse(*real);
    if (!refusal.empty()) {
      throw Error{words + ": it " + refusal, 0,
                  "name a folder below it; --ro-bind " + directory + " shows all of it"};
    }
    add(*real, "--project");
    add_alias(directory, *real);
  }

  ProjectView take() {
    keep_outermost();
    return std::move(view_);
  }

 private:
  std::string refuse(const std::string& folder) const {
    std::string refusal = hidden_.refusal(folder);
    if (refusal.empty() && hidden_.is_fresh(folder) && hidden_.lies_in_secret(folder)) {
      refusal = "lies in a place for keys and passwords";
    }
    return refusal;
  }

  bool add(const std::string& folder, const char* why) {
    const std::string refusal = refuse(folder);
    if (refusal.empty()) {
      view_.folders.push_back({folder, why});
    } else {
      drop(folder + " (" + why + ") " + refusal);
    }
    return refusal.empty();
  }

  void add_named(const std::string& folder, const char* why) {
    const std::optional<std::string> real = real_path(folder);
    if (!real) return drop(folder + " (" + why + ") does not exist");
    if (add(*real, why)) add_alias(folder, *real);
  }

  void drop(std::string words) {
    const auto& dropped = view_.dropped;
    if (std::find(dropped.begin(), dropped.end(), words) == dropped.end()) {
      view_.dropped.push_back(std::move(words));
    }
  }

  void add_alias(const std::string& name, const std::string& real) {
    const auto& aliases = view_.aliases;
    if (name == real || std::find(aliases.begin(), aliases.end(), name) != aliases.end()) return;
    view_.aliases.push_back(name);
  }

  // Whether the folder exists inside although it is not shown: as a fresh place or on the way to
  // one or to a folder of the project.
  bool is_there(const std::string& folder) const {
    const auto leads_to = [&](const std::string& path) { return is_within(path, folder); };
    return leads_to(hidden_.home()) || std::any_of(places_.begin(), places_.end(), leads_to) ||
           std::any_of(view_.folders.begin(), view_.folders.end(),
                       [&](const ProjectFolder& shown) { return leads_to(shown.path); });
  }

  bool covers(const std::string& path) const {
    return std::any_of(view_.folders.begin(), view_.folders.end(),
                       [&](const ProjectFolder& folder) { return is_within(path, folder.path); });
  }

  void keep_outermost() {
    std::vector<ProjectFolder>& folders = view_.folders;
    std::stable_sort(folders.begin(), folders.end(),
                     [](const auto& a, const auto& b) { return component_order(a.path, b.path); });
    std::vector<ProjectFolder> kept;
    for (ProjectFolder& folder : folders) {
      const bool inner = !kept.empty() && is_within(folder.path, kept.back().path);
      if (!inner) kept.push_back(std::move(folder));
    }
    folders = std::move(kept);
  }

  std::vector<std::string> places_;
  HiddenPlaces hidden_;
  std::string build_folder_;  // read last: program and cwd usually lie in the same
  ProjectView view_;
};

}  // namespace

ProjectView discover_project(const Project& choice, const std::string& cwd,
                             const std::string& program, const std::string& home,
                             std::vector<std::string> fresh) {
  if (choice.choice == Project::Choice::none) return {};
  ProjectFinder finder{home, std::move(fresh)};
  if (choice.choice == Project::Choice::directory) {
    finder.add_chosen(choice.directory);
    return finder.take();
  }
  const std::optional<std::string> here = real_path(cwd);
  if (!here) throw Error{"cannot resolve the current folder " + cwd, errno, kCwdHint};
  const std::string beside = program.empty() ? *here : parent_folder(program);
  finder.add_build_tree(beside);
  if (beside != *here) finder.add_build_tree(*here);
  finder.add_work_trees(*here);
  finder.add_cwd(cwd, *here);
  return finder.take();
}

}  // namespace sandbox
