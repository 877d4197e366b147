#include "ctest/outcome.h"

#include <gtest/gtest.h>

#include "sys/error.h"

namespace sandbox::ctest {
namespace {

SuiteTest only(const Arrangement& arrangement, const CtestResult& result) {
  Arranged arranged;
  arranged.tests = {arrangement};
  return conclude({{.name = result.name}}, arranged, {result}).at(0);
}

const Arrangement kUnwritten{.launcher = {"sandbox-exec"}, .report = "/no/such/report.json"};

TEST(CtestOutcome, ItsJunitFile) {
  const auto results = parse_ctest_junit(
      R"(<testsuite><testcase name="a" time="1.5" status="fail"><failure message="Timeout"/>
         <system-out>words</system-out></testcase>
         <testcase name="b" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/></testcase></testsuite>)");
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[0].message, "Timeout");
  EXPECT_EQ(results[0].seconds, 1.5);
  EXPECT_EQ(results[0].output, "words");
  EXPECT_EQ(results[1].message, "SKIP_RETURN_CODE=77");
  EXPECT_THROW(parse_ctest_junit("<"), Error);
}

TEST(CtestOutcome, StartedButWithoutAReport) {
  const SuiteTest test = only(kUnwritten, {.name = "a", .status = "fail", .message = "Timeout"});
  EXPECT_EQ(test.result, TestState::failed);
  EXPECT_EQ(test.attempts.at(0).verdict, "killed");
  EXPECT_EQ(test.attempts.at(0).reason, "the launcher was killed before it could report (Timeout)");
}

TEST(CtestOutcome, PassedWithoutASandboxIsNoPass) {
  const SuiteTest test = only(kUnwritten, {.name = "a", .status = "run"});
  EXPECT_EQ(test.result, TestState::failed);
  EXPECT_EQ(test.attempts.at(0).verdict, "setup-failed");
}

TEST(CtestOutcome, WhatDidNotRun) {
  EXPECT_EQ(
      only(kUnwritten, {.name = "a", .status = "notrun", .message = "Fixture dependency failed"})
          .result,
      TestState::not_run);
  EXPECT_EQ(
      only(kUnwritten, {.name = "a", .status = "notrun", .message = "SKIP_RETURN_CODE=77"}).result,
      TestState::skipped);
  EXPECT_EQ(only({}, {.name = "a", .status = "disabled", .message = "Disabled"}).result,
            TestState::disabled);
}

TEST(CtestOutcome, WhatTookNoPartIsLeftOut) {
  Arranged arranged;
  arranged.tests.resize(2);
  const auto tests =
      conclude({{.name = "a"}, {.name = "b"}}, arranged, {{.name = "b", .status = "disabled"}});
  ASSERT_EQ(tests.size(), 1U);
  EXPECT_EQ(tests[0].name, "b");
}

TEST(CtestOutcome, WhatWasNotListedIsNoPass) {
  const auto tests = conclude({}, {}, {{.name = "new", .status = "run"}});
  ASSERT_EQ(tests.size(), 1U);
  EXPECT_EQ(tests[0].result, TestState::failed);
}

}  // namespace
}  // namespace sandbox::ctest
