#include "runner/conclude.h"

#include <gtest/gtest.h>

#include <csignal>

#include "gtest-plugin/runner/make.h"

namespace sandbox::runner {
namespace {

std::string written(const Conclusion& conclusion) {
  std::string text;
  for (const auto& [test, attempt] : conclusion.attempts)
    text += std::to_string(test) + " " + attempt.verdict +
            (attempt.reason.empty() ? "" : " (" + attempt.reason + ")") + "; ";
  text += "left:";
  for (const std::size_t test : conclusion.remaining) text += " " + std::to_string(test);
  if (conclusion.failure) text += "; program: " + conclusion.failure->reason;
  return text;
}

std::string conclude_in_words(const RunRecord& record) {
  return written(conclude(record, three_tests()));
}

std::shared_ptr<const GtestXml> xml(const std::string& z_attributes,
                                    const std::string& z_children = "") {
  return GtestXml::parse(
      "<testsuites><testsuite name='A'><testcase name='x' status='run'/>"
      "<testcase name='y' status='run' result='skipped'><skipped/></testcase></testsuite>"
      "<testsuite name='B'><testcase name='z' " +
      z_attributes + ">" + z_children + "</testcase></testsuite></testsuites>");
}

void time_out(RunRecord& record, std::size_t test) {
  record.timed_out = test;
  record.report.events.push_back({"deadline", 1, {{"limit", "timeout"}}});
}

TEST(Conclude, TheXmlTells) {
  RunRecord record = ended(Verdict::failed, 1);
  record.xml = xml("status='run'", "<failure/>");
  EXPECT_EQ(conclude_in_words(record), "0 passed; 1 skipped; 2 failed; left:");
}

TEST(Conclude, ACrashIsTheRunningTests) {
  RunRecord record = ended(Verdict::crashed, {}, SIGSEGV);
  record.seen = {seen(0, TestEnd::passed), seen(1, std::nullopt)};
  EXPECT_EQ(conclude_in_words(record), "0 passed; 1 crashed (the reason); left: 2");
}

TEST(Conclude, TheListenersWordCounts) {
  RunRecord record = ended(Verdict::crashed, {}, SIGSEGV);
  record.report.outcome.test = "B.z";
  EXPECT_EQ(conclude_in_words(record), "2 crashed (the reason); left: 0 1");
}

// Its own child, or its own printf, wrote that it has ended.
TEST(Conclude, TheListenersWordCountsMoreThanTheStream) {
  RunRecord record = ended(Verdict::crashed, {}, SIGSEGV);
  record.report.outcome.test = "A.x";
  record.seen = {seen(0, TestEnd::passed)};
  EXPECT_EQ(conclude_in_words(record), "0 crashed (the reason); left: 1 2");
  record.report.outcome.verdict = Verdict::passed;
  record.seen = {seen(0, TestEnd::passed), seen(1, TestEnd::passed), seen(2, TestEnd::passed)};
  record.xml = xml("status='run'");
  EXPECT_EQ(
      conclude_in_words(record),
      "1 passed; 2 passed; 0 failed (./t ended with exit status 0 in the middle of it); left:");
}

TestRecord told(const std::string& name, const std::string& result, double seconds = 0) {
  TestRecord record;
  record.name = name;
  record.result = result;
  record.wall_seconds = seconds;
  return record;
}

// A program that prints nothing of gtest's.
TEST(Conclude, WhatTheListenerToldNeedNotRunAgain) {
  RunRecord record = ended(Verdict::crashed, {}, SIGSEGV);
  record.report.outcome.test = "B.z";
  record.report.tests = {told("A.x", "failed"), told("A.y", "skipped"), told("B.z", "unfinished")};
  EXPECT_EQ(conclude_in_words(record), "0 failed; 1 skipped; 2 crashed (the reason); left:");
}

TEST(Conclude, AFailureIsOneWhoeverTellsOfIt) {
  RunRecord record = ended(Verdict::crashed, {}, SIGSEGV);
  record.seen = {seen(0, TestEnd::passed), seen(1, TestEnd::failed), seen(2, std::nullopt)};
  record.report.tests = {told("A.x", "failed"), told("A.x", "passed"), told("A.y", "passed")};
  EXPECT_EQ(conclude_in_words(record), "0 failed; 1 failed; 2 crashed (the reason); left:");
}

// It has closed its standard output in A.x.
TEST(Conclude, ATimeoutByAnOldStreamBlamesWhoTookSoLong) {
  RunRecord record = ended(Verdict::timed_out, {}, SIGTERM);
  record.report.outcome.evidence.limit_seconds = 1;
  record.report.outcome.test = "A.y";
  time_out(record, 0);
  record.seen = {seen(0, std::nullopt)};
  record.report.tests = {told("A.x", "passed", 0.4), told("A.y", "unfinished", 0.6)};
  EXPECT_EQ(conclude_in_words(record), "0 passed; left: 1 2");
  record.report.tests.back().wall_seconds = 1.01;
  EXPECT_EQ(conclude_in_words(record),
            "0 passed; 1 timed-out (it ran longer than --test-timeout allows); left: 2");
}

TEST(Conclude, ASuiteThatCannotBeginCostsNoOthers) {
  RunRecord record = ended(Verdict::crashed, {}, SIGSEGV);
  record.seen = {seen(0, TestEnd::passed), seen(1, TestEnd::passed)};
  record.suite = "B";
  EXPECT_EQ(conclude_in_words(record),
            "0 passed; 1 passed; 2 crashed (the reason, before a TEST of its suite began); left:");
}

TEST(Conclude, AnExitInATestIsNoPass) {
  RunRecord record = ended(Verdict::passed, 0);
  record.seen = {seen(0, std::nullopt)};
  EXPECT_EQ(conclude_in_words(record),
            "0 failed (./t ended with exit status 0 in the middle of it); left: 1 2");
}

TEST(Conclude, ADeathBetweenTestsIsTheProgramsOwn) {
  RunRecord record = ended(Verdict::crashed, {}, SIGSEGV);
  record.seen = {seen(0, TestEnd::passed)};
  EXPECT_EQ(conclude_in_words(record),
            "0 passed; left: 1 2; program: the reason, between its TESTs");
}

TEST(Conclude, ASuiteThatCannotBeginIsNotTriedAgain) {
  RunRecord record = ended(Verdict::crashed, {}, SIGSEGV);
  record.suite = "A";
  EXPECT_EQ(conclude_in_words(record),
            "0 crashed (the reason, before a TEST of its suite began); "
            "1 crashed (the reason, before a TEST of its suite began); left: 2");
}

TEST(Conclude, AProgramThatRunsNoTestIsNotTriedAgain) {
  EXPECT_EQ(conclude_in_words(ended(Verdict::passed, 0)),
            "0 failed (./t ended with exit status 0, before a TEST began); "
            "1 failed (./t ended with exit status 0, before a TEST began); "
            "2 failed (./t ended with exit status 0, before a TEST began); left:");
}

TEST(Conclude, WhatAWholeProgramDidNotRunIsNotTriedAgain) {
  RunRecord record = ended(Verdict::passed, 0);
  record.xml = xml("status='notrun'");
  EXPECT_EQ(conclude_in_words(record), "0 passed; 1 skipped; 2 failed (./t did not run it); left:");
}

TEST(Conclude, AStatusThatNoTestExplainsIsTheProgramsOwn) {
  RunRecord record = ended(Verdict::failed, 1);
  record.xml = xml("status='run'");
  EXPECT_EQ(conclude_in_words(record),
            "0 passed; 1 skipped; 2 passed; left:; program: the reason, after its TESTs");
  record.report.outcome.exit.code = 23;
  record.xml = xml("status='run'", "<failure/>");
  EXPECT_EQ(conclude_in_words(record),
            "0 passed; 1 skipped; 2 failed; left:; program: the reason, after its TESTs");
}

TEST(Conclude, AnInterruptBlamesNobody) {
  RunRecord record = ended(Verdict::interrupted, {}, SIGTERM);
  record.seen = {seen(0, TestEnd::failed), seen(1, std::nullopt)};
  EXPECT_EQ(conclude_in_words(record), "0 failed; left: 1 2");
}

TEST(Conclude, ATimeoutIsTheTestsThatRan) {
  RunRecord record = ended(Verdict::timed_out, {}, SIGTERM);
  record.seen = {seen(0, TestEnd::failed), seen(1, std::nullopt)};
  time_out(record, 1);
  EXPECT_EQ(conclude_in_words(record),
            "0 failed; 1 timed-out (it ran longer than --test-timeout allows); left: 2");
}

TEST(Conclude, NoCpuTimeIsTakenForATimeout) {
  RunRecord record = ended(Verdict::cpu_time_exceeded, {}, SIGXCPU);
  record.seen = {seen(0, std::nullopt)};
  record.timed_out = 0;
  record.report.events.push_back({"deadline", 1, {{"limit", "cpu-time"}}});
  EXPECT_EQ(conclude_in_words(record), "0 cpu-time-exceeded (the reason); left: 1 2");
}

TEST(Conclude, AProgramThatStandsStillBetweenTestsFailsItself) {
  RunRecord record = ended(Verdict::timed_out, {}, SIGTERM);
  record.seen = {seen(0, TestEnd::passed)};
  time_out(record, TestList::npos);
  EXPECT_EQ(conclude_in_words(record),
            "0 passed; left: 1 2; program: no TEST began for longer than --test-timeout allows, "
            "between its TESTs");
}

// Its SetUpTestSuite took too long, and then it did not end at once.
TEST(Conclude, ATestThatBeganTooLateIsNotTheOneThatTookTooLong) {
  RunRecord record = ended(Verdict::timed_out, {}, SIGKILL);
  record.seen = {seen(0, TestEnd::passed), seen(1, std::nullopt)};
  time_out(record, TestList::npos);
  EXPECT_EQ(conclude_in_words(record),
            "0 passed; left: 1 2; program: no TEST began for longer than --test-timeout allows, "
            "between its TESTs");
}

TEST(Conclude, AProgramThatStandsStillBeforeATestCostsItsSuite) {
  RunRecord record = ended(Verdict::timed_out, {}, SIGTERM);
  time_out(record, TestList::npos);
  EXPECT_EQ(conclude(record, three_tests()).attempts.size(), 3U);
  EXPECT_EQ(conclude(record, three_tests()).attempts.front().second.verdict, "timed-out");
}

TEST(Conclude, AnEarlierKillOfAChildDoesNotHideATimeout) {
  RunRecord record = ended(Verdict::out_of_memory, {}, SIGTERM);
  record.seen = {seen(0, TestEnd::failed), seen(1, std::nullopt)};
  time_out(record, 1);
  EXPECT_EQ(conclude_in_words(record),
            "0 failed; 1 timed-out (it ran longer than --test-timeout allows); left: 2");
}

// It is slow to end at SIGTERM, or does not at all.
TEST(Conclude, ATestThatEndedLaterThanItMayHasFailed) {
  RunRecord record = ended(Verdict::timed_out, {}, SIGTERM);
  record.seen = {seen(0, TestEnd::passed), seen(1, std::nullopt)};
  time_out(record, 0);
  EXPECT_EQ(conclude_in_words(record),
            "0 timed-out (it ran longer than --test-timeout allows); left: 1 2");
}

// Our filter means nothing to it.
TEST(Conclude, AProgramThatHangsInATestOfItsOwnChoiceIsNotTriedAgain) {
  RunRecord record = ended(Verdict::timed_out, {}, SIGTERM);
  record.wanted = {1, 2};
  record.seen = {seen(0, std::nullopt)};
  time_out(record, 0);
  EXPECT_EQ(conclude(record, three_tests()).remaining, std::vector<std::size_t>{});
}

TEST(Conclude, ACrashThatWasQuickerThanTheTimeoutIsACrash) {
  RunRecord record = ended(Verdict::crashed, {}, SIGSEGV);
  record.seen = {seen(0, std::nullopt)};
  record.timed_out = 0;
  EXPECT_EQ(conclude_in_words(record), "0 crashed (the reason); left: 1 2");
}

TEST(Conclude, XmlOfAnEarlierRoundIsOld) {
  RunRecord record = ended(Verdict::passed, 0);
  record.xml = xml("status='run'");
  record.xml_is_old = true;
  record.seen = {seen(0, TestEnd::passed), seen(1, TestEnd::passed), seen(2, std::nullopt)};
  EXPECT_EQ(
      conclude_in_words(record),
      "0 passed; 1 passed; 2 failed (./t ended with exit status 0 in the middle of it); left:");
}

TEST(Conclude, TheListenerKnowsThatTheXmlIsAChilds) {
  RunRecord record = ended(Verdict::passed, 0);
  record.xml = xml("status='run'");
  record.report.outcome.test = "B.z";
  EXPECT_EQ(conclude_in_words(record),
            "2 failed (./t ended with exit status 0 in the middle of it); left: 0 1");
}

TEST(Conclude, AFailureInAnEarlierRoundCounts) {
  RunRecord record = ended(Verdict::passed, 0);
  record.xml = xml("status='run'");
  record.seen = {seen(2, TestEnd::failed), seen(2, TestEnd::passed)};
  EXPECT_EQ(conclude_in_words(record), "0 passed; 1 skipped; 2 failed; left:");
}

TEST(Conclude, ASuiteThatFailedIsTheProgramsOwn) {
  RunRecord record = ended(Verdict::failed, 1);
  record.xml = xml("status='run'", "<failure/>");
  record.failed_suites = {"A"};
  EXPECT_EQ(conclude_in_words(record),
            "0 passed; 1 skipped; 2 failed; left:; program: SetUpTestSuite or TearDownTestSuite of "
            "A failed");
}

TEST(Conclude, ASuiteThatFailedExplainsStatusOneAndNoOther) {
  RunRecord record = ended(Verdict::failed, 1);
  record.xml = xml("status='run'");
  record.failed_suites = {"A"};
  const std::string of_suite =
      "0 passed; 1 skipped; 2 passed; left:; program: SetUpTestSuite or TearDownTestSuite of A "
      "failed";
  EXPECT_EQ(conclude_in_words(record), of_suite);
  record.report.outcome.exit.code = 23;
  EXPECT_EQ(conclude_in_words(record),
            "0 passed; 1 skipped; 2 passed; left:; program: the reason, after its TESTs");
}

TEST(Conclude, WithoutASandboxNothingHasRun) {
  EXPECT_EQ(conclude_in_words(ended(Verdict::setup_failed)), "left: 0 1 2");
}

}  // namespace
}  // namespace sandbox::runner
