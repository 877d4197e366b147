#include "policy/env_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sandbox/policy/fake_world.h"

namespace sandbox {
namespace {

Variables read(const std::string& text, FakeWorld world = {}) {
  world.texts["/e"] = text;
  return read_env_file("e.txt", "/e", world);
}

TEST(EnvFile, TakesNamesAndValuesAsTheyAre) {
  EXPECT_EQ(read("A=1\nB=two words \nC=\"q\"\nD=a=b\nE=\n"),
            (Variables{{"A", "1"}, {"B", "two words "}, {"C", "\"q\""}, {"D", "a=b"}, {"E", ""}}));
  EXPECT_EQ(read("A=1"), (Variables{{"A", "1"}}));
}

TEST(EnvFile, SkipsBlankLinesAndComments) {
  EXPECT_EQ(read("# A=1\n\n   \n  # x\n  B=2#3\n"), (Variables{{"B", "2#3"}}));
  EXPECT_TRUE(read("").empty());
}

TEST(EnvFile, ANameAloneTakesTheCallersValue) {
  FakeWorld world;
  world.variables["TERM"] = "xterm";
  EXPECT_EQ(read("TERM\nNOT_THERE\n", world), (Variables{{"TERM", "xterm"}}));
}

TEST(EnvFile, TakesFilesOfOtherSystems) {
  EXPECT_EQ(read("\xEF\xBB\xBF"
                 "A=1\r\nB=2\r\n"),
            (Variables{{"A", "1"}, {"B", "2"}}));
}

TEST(EnvFile, NamesEveryBadLineButNoValue) {
  const std::string message = refusal([] { read("A=1\n=secret\nB C=secret\n"); });
  EXPECT_EQ(message,
            "e.txt:2: the name of the variable is empty (lines are written NAME=VALUE)\n"
            "e.txt:3: a name has no blank in it (lines are written NAME=VALUE)");
}

TEST(EnvFile, RefusesWhatCannotBeRead) {
  EXPECT_EQ(refusal([] { read_env_file("e.txt", "/e", FakeWorld{}); }),
            "e.txt: cannot read it: ENOENT");
  EXPECT_EQ(refusal([] { read(std::string("A=1\0B", 5)); }),
            "e.txt: not text: it has a zero byte in it");
}

}  // namespace
}  // namespace sandbox
