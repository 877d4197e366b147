// What a person, or a program that reads gtest's output, sees of it all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "runner/conclude.h"
#include "runner/options.h"
#include "runner/result.h"

namespace sandbox::runner {

// Of each sandbox by its number, while it runs: what it writes, as a StreamSink gets it; then what
// came of it.
class Display {
 public:
  using Run = unsigned;

  virtual ~Display() = default;
  virtual void begin(const SuiteResult& suite) = 0;
  virtual void on_text(Run run, std::string_view text) = 0;
  virtual void on_suite(Run run, std::string_view line) = 0;
  virtual void on_suite_end(Run run, std::string_view line) = 0;
  virtual void on_start(Run run, std::size_t test) = 0;
  virtual void on_end(Run run, std::size_t test, std::string_view line) = 0;
  virtual void on_conclusion(Run run, const Conclusion& conclusion) = 0;
  virtual void end(const SuiteResult& suite) = 0;

  // Bytes that each sandbox holds at the moment, where that is counted.
  using Memory = std::map<Run, std::uint64_t>;
  // Whether there is somebody who watches: then on_tick() is called, twice a second.
  virtual bool is_live() const { return false; }
  virtual void on_tick(const Memory&) {}
};

// A line for each TEST that took longer than --slow allows.
std::string slow_ones(const SuiteResult& suite, const Options& options);

// gtest's own stream: one header, one footer, a "[  FAILED  ]" for each TEST that died.
std::unique_ptr<Display> make_gtest_display(const Options& options, const TestList& tests);
// Progress, what failed in full, and a summary.
std::unique_ptr<Display> make_terminal_display(const Options& options, const TestList& tests);

}  // namespace sandbox::runner
