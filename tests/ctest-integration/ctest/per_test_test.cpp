#include "ctest/per_test.h"

#include <gtest/gtest.h>

#include "sandbox/policy/fake_world.h"
#include "sys/error.h"

namespace sandbox::ctest {
namespace {

class PerTest : public testing::Test {
 protected:
  std::vector<Rule> read(const std::string& text) {
    world_.texts["/r.json"] = text;
    return read_rules("/r.json", world_);
  }

  std::string refusal(const std::string& text) {
    try {
      read(text);
    } catch (const Error& error) {
      return std::string{error.what()} + "|" + error.hint();
    }
    return "";
  }

  FakeWorld world_{};
};

TEST_F(PerTest, NamesAndLabels) {
  const auto rules =
      read(R"({"Net.*": {"memory": "1G", "cpus": 1.5, "keep_env": ["A", "B"], "timeout": 9},
                              "label:slow": {"isolation": "none"}})");
  ASSERT_EQ(rules.size(), 2U);
  EXPECT_EQ(rules[0].words, (std::vector<std::string>{"--memory=1G", "--cpus=1.5", "--keep-env=A",
                                                      "--keep-env=B"}));
  EXPECT_EQ(rules[0].timeout, std::chrono::seconds{9});
  EXPECT_TRUE(rules[0].fits({.name = "Net.Accept"}));
  EXPECT_FALSE(rules[0].fits({.name = "My.Net"}));
  EXPECT_TRUE(rules[1].has_isolation);
  EXPECT_TRUE(rules[1].fits({.name = "x", .labels = {"fast", "slow"}}));
  EXPECT_FALSE(rules[1].fits({.name = "slow"}));
}

TEST_F(PerTest, BadOnes) {
  EXPECT_NE(refusal("{").find("is no JSON object of patterns"), std::string::npos);
  EXPECT_NE(refusal(R"({"a": {"cpus": 1}, "a": {"memory": "1G"}})").find("a is there twice"),
            std::string::npos);
  EXPECT_NE(refusal(R"({"a": {"report": "x"}})").find("report is not for some"), std::string::npos);
  EXPECT_NE(refusal(R"({"a": {"memroy": 1}})").find("did you mean memory?"), std::string::npos);
  EXPECT_NE(refusal(R"({"a": 3})").find("not a JSON object"), std::string::npos);
}

TEST_F(PerTest, APatternThatFitsNothing) {
  const auto rules = read(R"({"a": {"memory": "1G"}})");
  check_rules(rules, {{.name = "a"}});
  EXPECT_THROW(check_rules(rules, {{.name = "b"}}), Error);
}

}  // namespace
}  // namespace sandbox::ctest
