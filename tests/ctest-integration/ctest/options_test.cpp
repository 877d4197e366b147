#include "ctest/options.h"

#include <gtest/gtest.h>

#include "sandbox/policy/fake_world.h"
#include "sys/error.h"

namespace sandbox::ctest {
namespace {

using Words = std::vector<std::string>;

class CtestOptions : public testing::Test {
 protected:
  Options parse(Words words) {
    words.insert(words.begin(), "sandbox-ctest");
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    return parse_command_line(static_cast<int>(words.size()), argv.data(), world_);
  }

  std::string refusal(const Words& words) {
    try {
      parse(words);
    } catch (const Error& error) {
      return std::string{error.what()} + "|" + error.hint();
    }
    return "";
  }

  FakeWorld world_{};
};

TEST_F(CtestOptions, EachWordGoesToWhomItIsFor) {
  const Options options =
      parse({"-R", "^a$", "--memory", "64M", "-j4", "--network=off", "--quiet", "--test-dir", "b"});
  EXPECT_EQ(options.ctest_words, (Words{"-R", "^a$", "-j4", "--quiet"}));
  EXPECT_EQ(options.sandbox_words, (Words{"--memory=64M", "--network=off"}));
  EXPECT_EQ(options.test_dir, "b");
  EXPECT_EQ(options.policy.limits.memory, Bytes{64 << 20});
}

TEST_F(CtestOptions, ATestsFolderIsNotTheCallers) {
  const Options options = parse({"--ro-bind", "data:/x", "--tmpfs=t", "--project", "none"});
  EXPECT_EQ(options.sandbox_words, (Words{"--ro-bind=" + world_.cwd() + "/data:/x",
                                          "--tmpfs=" + world_.cwd() + "/t", "--project=none"}));
}

TEST_F(CtestOptions, TheTimeoutIsOurs) {
  EXPECT_EQ(parse({"--timeout", "7"}).timeout, std::chrono::seconds{7});
  EXPECT_TRUE(parse({"--timeout", "7"}).ctest_words.empty());
}

TEST_F(CtestOptions, ListingIsCTestsOwn) {
  EXPECT_EQ(parse({"-N"}).action, Options::Action::ctest_only);
  EXPECT_EQ(parse({"--show-only=json-v1"}).action, Options::Action::ctest_only);
}

TEST_F(CtestOptions, WhatIsMistypedIsNotLeftToCTest) {
  EXPECT_EQ(refusal({"--memroy", "64M"}), "unknown option --memroy|did you mean --memory?");
  EXPECT_EQ(parse({"--repeat", "until-pass:2"}).ctest_words, (Words{"--repeat", "until-pass:2"}));
}

TEST_F(CtestOptions, WhatNobodyKnowsIsRefused) {
  for (const char* word :
       {"--ram=64M", "-memory", "-m", "memory=64M", "--read-only", "\u2014memory", "--test-command",
        "--build-options", "--build-and-test", "-TMemCheck"})
    EXPECT_NE(refusal({word}), "") << word;
  EXPECT_NE(refusal({"-T", "Configure"}), "");
  EXPECT_NE(refusal({"-R", "a", "b"}), "");
  EXPECT_NE(refusal({"--per-test=a", "--per-test=b"}), "");
  EXPECT_EQ(parse({"-j", "-T", "Test", "--stop-time", "12:00", "-j", "3"}).ctest_words,
            (Words{"-j", "-T", "Test", "--stop-time", "12:00", "-j", "3"}));
}

TEST_F(CtestOptions, WhatIsOfOneSandboxIsRefused) {
  EXPECT_EQ(refusal({"--name", "x"}), "--name is not for sandbox-ctest: each test has its own|");
  EXPECT_EQ(refusal({"--memory"}), "--memory wants a value|");
  EXPECT_NE(refusal({"--memory=1x"}).find("--memory 1x"), std::string::npos);
}

}  // namespace
}  // namespace sandbox::ctest
