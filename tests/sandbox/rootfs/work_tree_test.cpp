#include "rootfs/work_tree.h"

#include <gtest/gtest.h>

#include "sandbox/rootfs/tree.h"

namespace sandbox {
namespace {

using test::Tree;

// The trees within the test's own folder: /tmp itself might be under git.
std::vector<WorkTree> trees_of(const Tree& tree, const std::string& folder) {
  std::vector<WorkTree> trees = work_trees_above(tree.at(folder));
  std::erase_if(trees, [&](const WorkTree& found) { return !found.top.starts_with(tree.root()); });
  return trees;
}

TEST(WorkTree, AreFoundInnermostFirst) {
  const Tree tree;
  tree.file("p/.git/HEAD");
  tree.file("p/ext/.git/HEAD");
  tree.folder("p/ext/src");
  const auto trees = trees_of(tree, "p/ext/src");
  ASSERT_EQ(trees.size(), 2U);
  EXPECT_EQ(trees[0].top, tree.at("p/ext"));
  EXPECT_EQ(trees[1].top, tree.at("p"));
  EXPECT_EQ(trees[1].common_folder, "");
}

TEST(WorkTree, AGitWorktreeNamesTheCommonFolder) {
  const Tree tree;
  tree.file("main/.git/HEAD");
  tree.file("main/.git/worktrees/wt/HEAD");
  tree.file("main/.git/worktrees/wt/commondir", "../..\n");
  tree.file("wt/.git", "gitdir: " + tree.at("main/.git/worktrees/wt") + "\n");
  const auto trees = trees_of(tree, "wt");
  ASSERT_EQ(trees.size(), 1U);
  EXPECT_EQ(trees[0].common_folder, tree.at("main/.git"));
}

TEST(WorkTree, ASubmodulesFolderIsRelativeToIt) {
  const Tree tree;
  tree.file("p/.git/HEAD");
  tree.file("p/.git/modules/sub/HEAD");
  tree.file("p/sub/.git", "gitdir: ../.git/modules/sub\n");
  const auto trees = trees_of(tree, "p/sub");
  ASSERT_EQ(trees.size(), 2U);
  EXPECT_EQ(trees[0].common_folder, tree.at("p/.git/modules/sub"));
}

TEST(WorkTree, ASymlinkedGitFolderLiesElsewhere) {
  const Tree tree;
  tree.file("store/p.git/HEAD");
  tree.folder("p");
  tree.link("p/.git", "../store/p.git");
  const auto trees = trees_of(tree, "p");
  ASSERT_EQ(trees.size(), 1U);
  EXPECT_EQ(trees[0].common_folder, tree.at("store/p.git"));
}

TEST(WorkTree, AWorktreeWhoseRepositoryIsGoneIsStillOne) {
  const Tree tree;
  tree.file("wt/.git", "gitdir: /no/such/place\n");
  const auto trees = trees_of(tree, "wt");
  ASSERT_EQ(trees.size(), 1U);
  EXPECT_EQ(trees[0].common_folder, "");
}

TEST(WorkTree, AnEmptyGitFolderMakesNone) {
  const Tree tree;
  tree.folder("p/.git");
  EXPECT_TRUE(trees_of(tree, "p").empty());
}

}  // namespace
}  // namespace sandbox
