// What a GoogleTest program writes to its standard output, taken apart while it comes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "runner/program.h"

namespace sandbox::runner {

enum class TestEnd { passed, failed, skipped };

// Gets everything but gtest's own header, footer and summary.
class StreamSink {
 public:
  virtual ~StreamSink() = default;
  // The program's own words, in or between TESTs.
  virtual void on_text(std::string_view text) = 0;
  // `line` as gtest wrote it, with its newline.
  virtual void on_suite(std::string_view suite, std::string_view line) = 0;
  virtual void on_suite_end(std::string_view line) = 0;
  virtual void on_start(std::size_t test) = 0;
  virtual void on_end(std::size_t test, TestEnd end, std::string_view line) = 0;
  // By gtest's summary: in its SetUpTestSuite or TearDownTestSuite.
  virtual void on_suite_failed(std::string_view suite) = 0;
  // "FILE:LINE: Failure", outside all TESTs; it is text too.
  virtual void on_failure_outside(std::string_view line) = 0;
  // The summary: all TESTs of this RUN_ALL_TESTS() have run, and its XML is written.
  virtual void on_summary() = 0;
};

// A TEST may write anything, also lines that look like gtest's: a start counts for a TEST that is
// known, between two others; an end for the one that runs.
class StreamReader {
 public:
  StreamReader(const TestList& tests, StreamSink& sink) : tests_(tests), sink_(sink) {}

  void feed(std::string_view bytes);
  // What came without a newline.
  void finish();

  std::size_t running() const { return running_; }  // TestList::npos: none

 private:
  void take(std::string_view line);
  bool take_start(std::string_view line);
  bool take_end(std::string_view line);
  bool take_suite(std::string_view line);
  bool is_frame(std::string_view line);

  const TestList& tests_;
  StreamSink& sink_;
  std::string rest_{};
  std::size_t running_ = TestList::npos;
  bool in_footer_ = false;
};

}  // namespace sandbox::runner
