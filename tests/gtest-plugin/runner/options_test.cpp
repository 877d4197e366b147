#include "runner/options.h"

#include <gtest/gtest.h>

#include "sandbox/policy/fake_world.h"
#include "sys/error.h"

namespace sandbox::runner {
namespace {

using Words = std::vector<std::string>;

class RunnerOptions : public testing::Test {
 protected:
  Options parse(Words words) {
    words.insert(words.begin(), "sandbox-gtest");
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
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

TEST_F(RunnerOptions, GtestsFlagsMayStandAnywhere) {
  const Options options = parse(
      {"--gtest_filter=A.*", "--memory", "64M", "./t", "arg", "--gtest_shuffle", "--", "--mine"});
  EXPECT_EQ(options.flags, (Words{"--gtest_filter=A.*", "--gtest_shuffle"}));
  EXPECT_EQ(options.policy.command, (Words{"./t", "arg", "--", "--mine"}));
  EXPECT_EQ(options.policy.limits.memory, Bytes{64 << 20});
  EXPECT_EQ(options.given,
            (Words{"./t", "--gtest_filter=A.*", "arg", "--gtest_shuffle", "--", "--mine"}));
}

TEST_F(RunnerOptions, OnesOwnAndTheSandboxsMix) {
  const Options options =
      parse({"--retries=2", "--timeout", "9", "-j", "3", "--isolate", "batch:4", "--", "./t"});
  EXPECT_EQ(options.retries, 2U);
  EXPECT_EQ(options.jobs, 3U);
  EXPECT_EQ(options.batch, 4U);
  EXPECT_EQ(options.policy.limits.timeout, std::chrono::seconds{9});
}

TEST_F(RunnerOptions, OutputsAreWrittenByTheRunner) {
  const Options options = parse({"./t", "--gtest_output=xml:/o/a.xml", "--gtest_output=json:"});
  ASSERT_EQ(options.outputs.size(), 2U);
  EXPECT_EQ(options.outputs[0].path, "/o/a.xml");
  EXPECT_EQ(options.outputs[1].path, world_.cwd() + "/test_detail.json");
  EXPECT_TRUE(options.flags.empty());
}

TEST_F(RunnerOptions, BoolsAreReadAsGtestReadsThem) {
  EXPECT_FALSE(parse({"./t", "--gtest_also_run_disabled_tests=false"}).also_disabled);
  EXPECT_TRUE(parse({"./t", "--gtest_also_run_disabled_tests"}).also_disabled);
  EXPECT_EQ(parse({"./t", "--gtest_list_tests=f"}).action, Options::Action::run);
  world_.variables["GTEST_ALSO_RUN_DISABLED_TESTS"] = "false";  // only 0 is off in a variable
  EXPECT_TRUE(parse({"./t"}).also_disabled);
}

TEST_F(RunnerOptions, AShardIsOneOfSome) {
  EXPECT_EQ(parse({"--shard", "2/4", "./t"}).shard.index, 1U);
  EXPECT_NE(refusal({"--shard", "5/4", "./t"}).find("5/4"), std::string::npos);
  EXPECT_NE(refusal({"--shard", "0/4", "./t"}), "");
}

TEST_F(RunnerOptions, EveryProblemIsTold) {
  const std::string told = refusal({"--isolate=x", "--retries", "many", "./t"});
  EXPECT_NE(told.find("--isolate"), std::string::npos);
  EXPECT_NE(told.find("--retries"), std::string::npos);
}

TEST_F(RunnerOptions, AValueThatWasLeftOutIsNotTheNextWord) {
  EXPECT_EQ(refusal({"--isolate", "--", "./t"}), "--isolate wants a value: --isolate HOW|");
  EXPECT_EQ(refusal({"--retries", "--max-fail", "1", "./t"}),
            "--retries wants a value: --retries N|");
  EXPECT_EQ(refusal({"-j"}), "-j wants a value: --jobs N|");
}

TEST_F(RunnerOptions, WhatIsAskedOfOneSandboxIsRefused) {
  for (const char* option : {"--doctor", "--dry-run", "--signal-exit=code", "--events=e"})
    EXPECT_NE(refusal({option, "./t"}), "") << option;
}

}  // namespace
}  // namespace sandbox::runner
