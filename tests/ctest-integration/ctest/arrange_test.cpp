#include "ctest/arrange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sandbox::ctest {
namespace {

using std::chrono::seconds;
using testing::Contains;
using testing::IsSupersetOf;
using testing::Not;

class Arrange : public testing::Test {
 protected:
  Arranged take(const ListedTest& test) {
    return arrange({test}, tree_, options_, rules_, {"/bin/sandbox-exec", "/r"});
  }
  std::vector<std::string> words(const ListedTest& test) { return take(test).tests[0].launcher; }
  std::vector<std::string> between(std::vector<std::string> some) {
    some.insert(some.begin(), {"/bin/sandbox-exec", "--ctest", "--name=a", "--report=/r/1.json"});
    some.emplace_back("--");
    return some;
  }

  BuildFolders tree_{.build = "/b", .source = "/s"};
  Options options_{};
  std::vector<Rule> rules_{};
  ListedTest test_{.name = "a", .command = {"/b/t"}, .working_directory = "/b"};
};

TEST_F(Arrange, TheLauncherEndsBeforeTheProgram) {
  options_.sandbox_words = {"--memory=1G"};
  EXPECT_EQ(words(test_), between({"--memory=1G", "--bind=/b"}));
  EXPECT_EQ(take(test_).tests[0].program, "/b/t");
}

TEST_F(Arrange, WhatIsMissingMayBeThereLater) {
  test_.command.clear();
  EXPECT_EQ(words(test_), between({"--bind=/b"}));
  EXPECT_EQ(take(test_).tests[0].program, "");
}

TEST_F(Arrange, WhatIsReportedIsOutOfATestsReach) {
  const auto launcher =
      arrange({test_}, tree_, options_, rules_, {"/bin/sandbox-exec", "/b/Testing/sandbox"})
          .tests[0]
          .launcher;
  EXPECT_THAT(launcher,
              IsSupersetOf({"--bind=/b", "--ro-bind=/b/Testing", "--bind=/b/Testing/Temporary"}));
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
  test_.timeout = seconds{0};                                  // none of its own
  EXPECT_THAT(words(test_), Contains("--timeout=60000ms"));
}

TEST_F(Arrange, WhatSetsCTestsOwnTimeoutIsLeftToIt) {
  tree_.timeout = seconds{1500};
  options_.ctest_words = {"--overwrite", "TimeOut=2"};
  EXPECT_EQ(words(test_), between({"--bind=/b"}));
  options_.policy.limits.timeout = seconds{3};
  EXPECT_THAT(words(test_), Contains("--timeout=3000ms"));
}

TEST_F(Arrange, ASkipIsNoPass) {
  options_.policy.reporting.if_unsupported = IfUnsupported::skip;
  EXPECT_TRUE(take(test_).tests[0].skips);
  test_.has_skip_code = true;
  EXPECT_FALSE(take(test_).tests[0].skips);
  EXPECT_THAT(words(test_), Contains("--if-unsupported=fail"));
}

TEST_F(Arrange, LaterRulesWin) {
  rules_ = {{.pattern = "*", .words = {"--memory=1G"}, .timeout = seconds{5}},
            {.pattern = "b", .words = {"--memory=2G"}},
            {.pattern = "x", .is_of_labels = true, .words = {"--memory=3G"}}};
  test_.labels = {"x"};
  EXPECT_EQ(words(test_), between({"--bind=/b", "--memory=1G", "--memory=3G", "--timeout=5000ms"}));
}

TEST_F(Arrange, AFixtureIsShared) {
  options_.sandbox_words = {"--memory=1G", "--network=off", "--tmpfs=/x"};
  test_.has_fixture = true;
  EXPECT_EQ(take(test_).beside_fixtures, 1U);
  EXPECT_EQ(words(test_), between({"--memory=1G", "--isolation=none"}));
  options_.isolation_given = true;
  EXPECT_EQ(take(test_).beside_fixtures, 0U);
}

}  // namespace
}  // namespace sandbox::ctest
