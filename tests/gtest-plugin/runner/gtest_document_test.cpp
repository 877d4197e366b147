#include "runner/gtest_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "gtest-plugin/runner/make.h"

namespace sandbox::runner {
namespace {

using testing::HasSubstr;

SuiteResult suite_of_three() {
  SuiteResult suite;
  suite.tests = three_tests();
  suite.results.resize(3);
  suite.selected = {true, true, true};
  return suite;
}

Attempt attempt(TestEnd end, std::string output = "", std::string reason = "") {
  Attempt made;
  made.end = end;
  made.verdict = reason.empty() ? "failed" : "crashed";
  made.output = std::move(output);
  made.reason = std::move(reason);
  return made;
}

TEST(GtestDocument, CountsWhatItHolds) {
  SuiteResult suite = suite_of_three();
  suite.results[0].attempts = {attempt(TestEnd::passed)};
  suite.results[1].disabled = true;
  suite.results[2].attempts = {attempt(TestEnd::failed)};
  const std::string text = gtest_xml_text(suite);
  EXPECT_THAT(text, HasSubstr(R"(<testsuites tests="3" failures="1" disabled="1" errors="0")"));
  EXPECT_THAT(text, HasSubstr(R"(<testsuite name="A" tests="2" failures="0" disabled="1")"));
  EXPECT_THAT(text,
              HasSubstr(R"(name="y" file="a.cpp" line="2" status="notrun" result="suppressed")"));
}

TEST(GtestDocument, FailuresComeFromWhatATestThatDiedHadWritten) {
  SuiteResult suite = suite_of_three();
  suite.results[0].attempts = {attempt(
      TestEnd::failed, "noise\na.cpp:7: Failure\nFailed\nmore <\x01> ]]>\n", "died of SIGSEGV")};
  const std::string text = gtest_xml_text(suite);
  EXPECT_THAT(text, HasSubstr("message=\"a.cpp:7&#10;Failed&#10;more &lt;> ]]>\""));
  EXPECT_THAT(text, HasSubstr("message=\"a.cpp:1&#10;died of SIGSEGV\""));
  const auto json = nlohmann::json::parse(gtest_json_text(suite));
  EXPECT_EQ(json["testsuites"][0]["testsuite"][0]["failures"][0]["failure"],
            "a.cpp:7\nFailed\nmore <> ]]>");
}

TEST(GtestDocument, AnEndThatIsNoTestsIsAFailureOfItsOwn) {
  SuiteResult suite = suite_of_three();
  suite.failures.push_back({.verdict = "crashed", .reason = "died at exit"});
  const std::string text = gtest_xml_text(suite);
  EXPECT_THAT(text,
              HasSubstr("<testsuite name=\"NonTestSuiteFailure\" tests=\"1\" failures=\"1\""));
  EXPECT_THAT(text, HasSubstr("died at exit"));
}

TEST(GtestDocument, TheLastAttemptCounts) {
  SuiteResult suite = suite_of_three();
  suite.results[0].attempts = {attempt(TestEnd::failed), attempt(TestEnd::passed)};
  const std::string text = gtest_xml_text(suite);
  EXPECT_THAT(text, HasSubstr("failures=\"0\""));
  EXPECT_THAT(text, HasSubstr(R"(<property name="sandbox.attempts" value="2" />)"));
}

}  // namespace
}  // namespace sandbox::runner
