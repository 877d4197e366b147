#include "policy/paths.h"

#include <gtest/gtest.h>

#include "sandbox/policy/fake_world.h"

namespace sandbox {
namespace {

TEST(InsidePath, IsAbsoluteAndNormal) {
  EXPECT_EQ(inside_path("data", "/p"), "/p/data");
  EXPECT_EQ(inside_path("/a//b/./c/", "/p"), "/a/b/c");
  EXPECT_EQ(inside_path("../x", "/p/q"), "/p/x");
  EXPECT_EQ(inside_path("/../..", "/p"), "/");
  EXPECT_EQ(inside_path(".", "/p"), "/p");
}

TEST(InsidePath, RefusesWhatHasNoPlace) {
  EXPECT_EQ(refusal([] { inside_path("", "/p"); }), "\"\": an empty path");
  EXPECT_EQ(refusal([] { inside_path("x", ""); }),
            "x: a relative path, and the current directory no longer exists");
  EXPECT_EQ(inside_path("/x", ""), "/x");
}

TEST(HostPath, FollowsSymlinksBeforeGoingUp) {
  FakeWorld world;
  world.real_paths["/p/link/../"] = "/elsewhere";
  world.real_paths["/p/link/.."] = "/elsewhere";
  EXPECT_EQ(host_path("link/../x", "/p", world), "/elsewhere/x");
  EXPECT_EQ(host_path("link/..", "/p", world), "/elsewhere");
}

TEST(HostPath, KeepsTheNameOfASymlinkItself) {
  const FakeWorld world;
  EXPECT_EQ(host_path("link", "/p", world), "/p/link");
  EXPECT_EQ(host_path("./link/", "/p", world), "/p/link");
}

TEST(HostPath, OfAMissingFolderIsTakenByItsText) {
  EXPECT_EQ(host_path("../nowhere/x", "/p", FakeWorld{}), "/nowhere/x");
}

TEST(TildeHint, IsForTildesOnly) {
  EXPECT_EQ(tilde_hint("~/x"), "the shell expands ~ only at the start of a word: write $HOME/x");
  EXPECT_NE(tilde_hint("~"), "");
  EXPECT_EQ(tilde_hint("/x~"), "");
  EXPECT_EQ(tilde_hint("~backup"), "");
}

}  // namespace
}  // namespace sandbox
