#include "cli/diagnose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace sandbox {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;

const std::vector<Wall> kWalls{{.name = "places", .words = {"--bind=/a", "--bind=/b"}},
                               {.name = "network", .words = {"--network=host"}},
                               {.name = "caps", .lifts_caps = true}};

// A test that needs these words, and perhaps its caps lifted.
Passes needs(const std::set<std::string>& words, bool caps = false) {
  return [=](const std::vector<Wall>& lowered) {
    std::set<std::string> given;
    bool lifted = false;
    for (const Wall& wall : lowered) {
      given.insert(wall.words.begin(), wall.words.end());
      lifted = lifted || wall.lifts_caps;
    }
    return std::ranges::includes(given, words) && (lifted || !caps);
  };
}

std::vector<std::string> words_of(const std::optional<std::vector<Wall>>& walls) {
  std::vector<std::string> words;
  for (const Wall& wall : walls.value_or(std::vector<Wall>{})) {
    words.insert(words.end(), wall.words.begin(), wall.words.end());
    if (wall.lifts_caps) words.emplace_back("caps");
  }
  return words;
}

TEST(SmallestSet, IsOneWordOfOneWall) {
  EXPECT_THAT(words_of(smallest_set(kWalls, needs({"--bind=/b"}))), ElementsAre("--bind=/b"));
  EXPECT_THAT(words_of(smallest_set(kWalls, needs({}, true))), ElementsAre("caps"));
}

TEST(SmallestSet, IsAsManyAsItTakes) {
  EXPECT_THAT(words_of(smallest_set(kWalls, needs({"--bind=/a", "--network=host"}))),
              ElementsAre("--bind=/a", "--network=host"));
  EXPECT_THAT(words_of(smallest_set(kWalls, needs({"--network=host"}, true))),
              ElementsAre("--network=host", "caps"));
}

TEST(SmallestSet, ALoweredWallMayHurt) {
  const auto passes = [](const std::vector<Wall>& lowered) {
    const bool hurts =
        std::ranges::any_of(lowered, [](const Wall& wall) { return wall.lifts_caps; });
    return !hurts && needs({"--bind=/a", "--network=host"})(lowered);
  };
  EXPECT_THAT(words_of(smallest_set(kWalls, passes)), ElementsAre("--bind=/a", "--network=host"));
}

TEST(SmallestSet, IsNoneWhereNothingHelps) {
  EXPECT_FALSE(smallest_set(kWalls, needs({"--other"})).has_value());
}

TEST(Walls, AsTheUserWritesThem) {
  EXPECT_EQ(as_cmake(kWalls), "BIND /a /b NETWORK host");
  EXPECT_EQ(as_cmake({{.words = {"--keep-env=A", "--seccomp=off"}}}),
            "OPTIONS --keep-env=A --seccomp=off");
  EXPECT_EQ(as_per_test("N*", kWalls), R"({"N\\*":{"bind":["/a","/b"],"network":"host"}})");
  EXPECT_EQ(as_per_test("n", {{.words = {"--keep-root", "--keep-env=A"}}}),
            R"({"n":{"keep_root":true,"keep_env":["A"]}})");
}

TEST(Walls, AreThoseOfTheRun) {
  Report report;
  report.mounts = {{.destination = "/tmp", .kind = "project"},
                   {.destination = "/tmp/b", .kind = "project"},
                   {.destination = "/usr", .kind = "root"}};
  report.environment.removed = {"TOKEN"};
  report.identity = {.uid_outside = 1000, .how = "own id"};
  std::vector<std::string> names;
  std::vector<std::string> words;
  for (const Wall& wall : walls_of(report)) {
    names.push_back(wall.name);
    words.insert(words.end(), wall.words.begin(), wall.words.end());
  }
  EXPECT_EQ(names.front(), "project writable");
  EXPECT_EQ(words.front(), "--bind=/tmp");
  EXPECT_THAT(words, Not(Contains("--bind=/tmp/b")));
  EXPECT_THAT(words, Contains("--keep-env=TOKEN"));
  EXPECT_THAT(names, Not(Contains("identity")));
}

}  // namespace
}  // namespace sandbox
