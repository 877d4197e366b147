// What became of each TEST, and of the program around them: plain data.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "report/report.h"
#include "report/suite.h"
#include "runner/gtest_xml.h"
#include "runner/program.h"
#include "runner/stream.h"

namespace sandbox::runner {

using Clock = std::chrono::system_clock;

// A TEST as the program's standard output shows it.
struct SeenTest {
  std::size_t test = 0;
  std::optional<TestEnd> end{};  // nullopt: it had none when the program ended
  Clock::time_point began{};
  double seconds = 0;
  std::string output{};
};

// What one sandbox left behind.
struct RunRecord {
  std::vector<std::size_t> wanted{};
  std::vector<SeenTest> seen{};
  std::string suite{};    // the suite that began last, where none of its TESTs has
  std::string outside{};  // what the program wrote last, outside TESTs
  // Whose SetUpTestSuite or TearDownTestSuite failed, by the program's summary.
  std::vector<std::string> failed_suites{};
  std::string failure_after{};            // "FILE:LINE: Failure" after gtest's summary
  bool xml_is_old = false;                // TESTs have begun after a summary: it is of those before
  std::shared_ptr<const GtestXml> xml{};  // null: the program did not get to write it
  Clock::time_point began{};
  // For which TEST we ended it (--test-timeout); npos: none had begun since one ended.
  std::optional<std::size_t> timed_out{};
  Report report{};
};

// One time that a TEST ran, or should have run.
struct Attempt {
  TestEnd end = TestEnd::passed;
  std::string verdict{};  // a verdict of the report, or "skipped"
  std::string reason{};   // of an end that gtest did not tell of
  std::string hint{};
  Clock::time_point began{};
  double seconds = 0;
  std::string output{};                 // standard output (and error, where they are one)
  std::optional<TestRecord> figures{};  // where they are known
  std::string run_id{};
  std::shared_ptr<const GtestXml> xml{};  // gtest's own words, where it got to write them
};

// An end of the program that no TEST is to blame for.
struct ProgramFailure {
  std::string verdict{};
  std::string reason{};
  std::string hint{};
  std::string output{};
  Clock::time_point began{};
  std::string run_id{};
  bool is_in_xml = false;  // gtest's own words of it are in a document
};

struct TestResult {
  std::vector<Attempt> attempts{};
  bool disabled = false;
  TestState state() const;
};

// All of it.
struct SuiteResult {
  TestList tests{};
  std::vector<TestResult> results{};         // by the TEST's index
  std::vector<bool> selected{};              // by the TEST's index: false, another shard's
  std::vector<std::string> passed_before{};  // --rerun-failed: what need not run again
  std::vector<ProgramFailure> failures{};
  std::vector<std::shared_ptr<const GtestXml>> documents{};  // of each sandbox that wrote one
  std::optional<Outcome> sandbox_failure{};                  // no sandbox could be made
  int interrupted_by = 0;                                    // a signal
  Clock::time_point began{};
  double seconds = 0;

  std::size_t count(TestState state) const;
  bool all_well() const;
};

}  // namespace sandbox::runner
