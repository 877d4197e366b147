#include "cli/own_policy.h"

#include <gtest/gtest.h>

#include "sandbox/policy/fake_world.h"

namespace sandbox {
namespace {

constexpr uid_t kStranger = 666;

FakeWorld world_in(const std::string& directory) {
  FakeWorld world;
  world.directory = directory;
  world.files[directory] = {FileKind::directory, 0, world.uid};
  return world;
}

void add(FakeWorld& world, const std::string& path, FileKind kind, uid_t owner = 1000) {
  world.files[path] = {kind, 0, owner};
}

TEST(OwnPolicyFile, IsNoneWithoutAWorkTree) {
  FakeWorld world = world_in("/w/proj");
  add(world, "/w/proj/.sandbox.json", FileKind::file);
  EXPECT_EQ(own_policy_file(world), "");
}

TEST(OwnPolicyFile, LiesBesideTheOutermostGit) {
  FakeWorld world = world_in("/w/proj/sub/build");
  add(world, "/w/proj/.git", FileKind::directory);
  add(world, "/w/proj/sub/.git", FileKind::file);
  add(world, "/w/proj/sub/.sandbox.json", FileKind::file);
  EXPECT_EQ(own_policy_file(world), "");
  add(world, "/w/proj/.sandbox.json", FileKind::file);
  EXPECT_EQ(own_policy_file(world), "/w/proj/.sandbox.json");
}

TEST(OwnPolicyFile, OfAWorktreeIsFoundByItsGitFile) {
  FakeWorld world = world_in("/w/tree");
  add(world, "/w/tree/.git", FileKind::file);
  add(world, "/w/tree/.sandbox.json", FileKind::file);
  EXPECT_EQ(own_policy_file(world), "/w/tree/.sandbox.json");
}

TEST(OwnPolicyFile, HomeAndTheRootAreNoWorkTrees) {
  FakeWorld world = world_in("/home/u/proj");
  for (const char* folder : {"/home/u", ""}) {
    add(world, std::string(folder) + "/.git", FileKind::directory);
    add(world, std::string(folder) + "/.sandbox.json", FileKind::file);
  }
  EXPECT_EQ(own_policy_file(world), "");
}

TEST(OwnPolicyFile, OfAStrangerIsNotTaken) {
  FakeWorld world = world_in("/tmp/x");
  add(world, "/tmp/.git", FileKind::directory, kStranger);
  add(world, "/tmp/.sandbox.json", FileKind::file, kStranger);
  EXPECT_EQ(own_policy_file(world), "");
  add(world, "/tmp/.git", FileKind::directory);
  EXPECT_EQ(refusal([&] { own_policy_file(world); }),
            "/tmp/.sandbox.json: belongs to another user (666)\n"
            "hint: to use it all the same: SANDBOX_POLICY=/tmp/.sandbox.json");
}

// It could lift every wall between its owner and root.
TEST(OwnPolicyFile, OfAnotherUserIsNotTakenForRootUnasked) {
  FakeWorld world = world_in("/w/proj");
  world.uid = 0;  // sudo in a user's project
  add(world, "/w/proj", FileKind::directory, 1000);
  add(world, "/w/proj/.git", FileKind::directory, 1000);
  add(world, "/w/proj/.sandbox.json", FileKind::file, 1000);
  EXPECT_THROW(own_policy_file(world), Error);
  world.variables["SUDO_UID"] = "1000";
  EXPECT_EQ(own_policy_file(world), "/w/proj/.sandbox.json");
  world.uid = 1000;
  EXPECT_EQ(own_policy_file(world), "/w/proj/.sandbox.json");
  add(world, "/w/proj/.sandbox.json", FileKind::file, 0);
  EXPECT_EQ(own_policy_file(world), "/w/proj/.sandbox.json");
}

TEST(OwnPolicyFile, IsTheOneThatTheVariableNames) {
  FakeWorld world = world_in("/w/proj");
  add(world, "/w/proj/.git", FileKind::directory);
  add(world, "/w/proj/.sandbox.json", FileKind::file);
  world.variables["SANDBOX_POLICY"] = "p.json";
  EXPECT_EQ(own_policy_file(world), "/w/proj/p.json");
  world.variables["SANDBOX_POLICY"] = "";
  EXPECT_EQ(own_policy_file(world), "/w/proj/.sandbox.json");
}

TEST(OwnPolicyFile, IsARegularFile) {
  FakeWorld world = world_in("/w/proj");
  add(world, "/w/proj/.git", FileKind::directory);
  add(world, "/w/proj/.sandbox.json", FileKind::other);
  EXPECT_EQ(refusal([&] { own_policy_file(world); }), "/w/proj/.sandbox.json: not a regular file");
}

TEST(OwnPolicyFile, IsNoneWithoutACwd) {
  EXPECT_EQ(own_policy_file(world_in("")), "");
}

}  // namespace
}  // namespace sandbox
