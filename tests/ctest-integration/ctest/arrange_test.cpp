#include "ctest/arrange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sandbox::ctest {
namespace {

using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::Not;

class Arrange : public testing::Test {
 protected:
  Arranged take(const ListedTest& test) {
    return arrange({test}, tree_, options_, rules_, {"/bin/sandbox-exec", "/r"});
  }
  std::vector<std::string> words(const ListedTest& test) { return take(test).tests[0].launcher; }

  BuildFolders tree_{.build = "/b", .source = "/s"};
  Options options_{};
  std::vector<Rule> rules_{};
  ListedTest test_{.name = "a", .command = {"/b/t"}, .working_directory = "/b"};
};

TEST_F(Arrange, TheLauncherEndsWithTheProgram) {
  options_.sandbox_words = {"--memory=1G"};
  EXPECT_THAT(words(test_),
              ElementsAre("/bin/sandbox-exec", "--ctest", "--name=a", "--report=/r/1.json",
                          "--memory=1G", "--bind=/b", "--", "/b/t"));
}

TEST_F(Arrange, WhatIsMissingIsLeftToCTest) {
  test_.command.clear();
  EXPECT_TRUE(words(test_).empty());
}

TEST_F(Arrange, TheSourcesAreNamedWhereNothingLeadsToThem) {
  test_.command = {"/usr/bin/python3"};
  EXPECT_THAT(words(test_), Not(Contains("--ro-bind=/s")));
  test_.working_directory = "/elsewhere";
  EXPECT_THAT(words(test_), Contains("--ro-bind=/s"));
}

TEST_F(Arrange, TheBuildTreeReadOnly) {
  options_.build_tree = BuildTree::read_only;
  EXPECT_THAT(words(test_), Contains("--ro-bind=/b"));
}

TEST_F(Arrange, NamesInItsEnvironmentAreKept) {
  test_.environment_names = {"API_TOKEN"};
  EXPECT_THAT(words(test_), Contains("--keep-env=API_TOKEN"));
}

TEST_F(Arrange, ATimeoutIsThePropertysTheOptionsOrTheConfigurations) {
  tree_.timeout = seconds{1500};
  EXPECT_THAT(words(test_), Contains("--timeout=1500000ms"));
  options_.timeout = seconds{60};
  EXPECT_THAT(words(test_), Contains("--timeout=60000ms"));
  test_.timeout = std::chrono::milliseconds{1500};
  EXPECT_THAT(words(test_), Contains("--timeout=1500ms"));
  EXPECT_EQ(take(test_).tests[0].ctest_timeout, seconds{13});  // 1.5 + 1 + 10
  test_.timeout = seconds{0};
  EXPECT_EQ(take(test_).tests[0].ctest_timeout, std::nullopt);
}

TEST_F(Arrange, LaterRulesWin) {
  rules_ = {{.pattern = "*", .words = {"--memory=1G"}, .timeout = seconds{5}},
            {.pattern = "b", .words = {"--memory=2G"}},
            {.pattern = "x", .is_of_labels = true, .words = {"--memory=3G"}}};
  test_.labels = {"x"};
  EXPECT_THAT(words(test_), ElementsAre("/bin/sandbox-exec", "--ctest", "--name=a",
                                        "--report=/r/1.json", "--bind=/b", "--memory=1G",
                                        "--memory=3G", "--timeout=5000ms", "--", "/b/t"));
}

TEST_F(Arrange, AFixtureIsShared) {
  options_.sandbox_words = {"--memory=1G", "--network=off", "--tmpfs=/x"};
  test_.has_fixture = true;
  const Arranged arranged = take(test_);
  EXPECT_EQ(arranged.beside_fixtures, 1U);
  EXPECT_THAT(arranged.tests[0].launcher,
              ElementsAre("/bin/sandbox-exec", "--ctest", "--name=a", "--report=/r/1.json",
                          "--memory=1G", "--isolation=none", "--", "/b/t"));
  options_.isolation_given = true;
  EXPECT_EQ(take(test_).beside_fixtures, 0U);
}

}  // namespace
}  // namespace sandbox::ctest
