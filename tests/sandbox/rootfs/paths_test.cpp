#include "rootfs/paths.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "sandbox/rootfs/tree.h"

namespace sandbox {
namespace {

using test::Tree;

TEST(Paths, AreMadeAbsoluteAgainstCwd) {
  EXPECT_EQ(absolute_path("a/./b//c/", "/w"), "/w/a/b/c");
  EXPECT_EQ(absolute_path("/a/", "/w"), "/a");
  EXPECT_EQ(absolute_path("", "/w"), "/w");
  EXPECT_EQ(absolute_path(".", "/"), "/");
  EXPECT_EQ(absolute_path("../x", "/w/l"), "/w/l/../x");
}

TEST(Paths, HaveParents) {
  EXPECT_EQ(parent_folder("/a/b"), "/a");
  EXPECT_EQ(parent_folder("/a"), "/");
  EXPECT_EQ(parent_folder("/"), "/");
}

TEST(Paths, SortFoldersBeforeTheirNeighbours) {
  std::vector<std::string> paths{"/a-b", "/a/b", "/a"};
  std::sort(paths.begin(), paths.end(), component_order);
  EXPECT_EQ(paths, (std::vector<std::string>{"/a", "/a/b", "/a-b"}));
}

TEST(Paths, AWalkFollowsEverySymlink) {
  const Tree tree;
  tree.file("opt/tool-1.2/tool");
  tree.link("bin/tool", "../opt/current/tool");
  tree.link("opt/current", tree.at("opt/tool-1.2"));
  const Walk walk = walk_path(tree.at("bin/tool"));
  EXPECT_TRUE(walk.exists());
  EXPECT_EQ(walk.real, tree.at("opt/tool-1.2/tool"));
  ASSERT_EQ(walk.hops.size(), 2U);
  EXPECT_EQ(walk.hops[0].path, tree.at("bin/tool"));
  EXPECT_EQ(walk.hops[0].target, "../opt/current/tool");
  EXPECT_EQ(walk.hops[1].path, tree.at("opt/current"));
}

TEST(Paths, DotDotIsTheParentOfWhatASymlinkLeadsTo) {
  const Tree tree;
  tree.file("x/b");
  tree.folder("x/y");
  tree.link("l", "x/y");
  EXPECT_EQ(walk_path(tree.at("l/../b")).real, tree.at("x/b"));
  EXPECT_EQ(walk_path("/../../").real, "/");
}

TEST(Paths, AWalkKeepsWhatIsMissingAsText) {
  const Tree tree;
  tree.link("l", "real");
  tree.folder("real");
  const Walk walk = walk_path(tree.at("l/new/deep"));
  EXPECT_EQ(walk.error, ENOENT);
  EXPECT_EQ(walk.real, tree.at("real/new/deep"));
}

TEST(Paths, AWalkEndsInALoopOfSymlinks) {
  const Tree tree;
  tree.link("a", "b");
  tree.link("b", "a");
  EXPECT_EQ(walk_path(tree.at("a/x")).error, ELOOP);
}

TEST(Paths, AWalkFollowsNoMoreSymlinksThanTheKernel) {
  const Tree tree;
  tree.file("0");
  for (int i = 1; i <= 41; ++i) tree.link(std::to_string(i), std::to_string(i - 1));
  EXPECT_TRUE(walk_path(tree.at("40")).exists());
  EXPECT_EQ(path_kind(tree.at("40")), PathKind::file);
  EXPECT_EQ(walk_path(tree.at("41")).error, ELOOP);
  EXPECT_EQ(path_kind(tree.at("41")), PathKind::missing);
}

TEST(Paths, HaveKinds) {
  const Tree tree;
  tree.file("f");
  tree.link("dangling", "nowhere");
  ASSERT_EQ(::mkfifo(tree.at("fifo").c_str(), 0644), 0);
  EXPECT_EQ(path_kind(tree.at("f")), PathKind::file);
  EXPECT_EQ(path_kind(tree.root()), PathKind::folder);
  EXPECT_EQ(path_kind(tree.at("dangling")), PathKind::missing);
  EXPECT_EQ(path_kind(tree.at("fifo")), PathKind::other);
}

TEST(Paths, TheLastVariableOfANameCounts) {
  const std::vector<std::string> environment{"A=1", "AB=2", "A=3", "EMPTY="};
  EXPECT_EQ(variable(environment, "A"), "3");
  EXPECT_EQ(variable(environment, "EMPTY"), "");
  EXPECT_EQ(variable(environment, "B"), std::nullopt);
}

}  // namespace
}  // namespace sandbox
