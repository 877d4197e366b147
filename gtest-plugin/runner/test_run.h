// One sandbox with the program in it, while it runs.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runner/display.h"
#include "runner/kept_file.h"
#include "runner/options.h"
#include "runner/result.h"
#include "runner/stream.h"
#include "sandbox/runs.h"

namespace sandbox::runner {

struct RunContext {
  boost::asio::io_context& io;
  Runs& runs;
  const Options& options;
  const TestList& tests;
  Display& display;
  std::function<void()> on_failure;  // a TEST has failed, while its program goes on
};

class TestRun : private StreamSink {
 public:
  using Done = std::function<void(RunRecord)>;

  // `filter`: the program is to run `wanted` only; else it finds them by its own flags.
  enum class Filter { none, wanted };
  // Starts it; `done` is called once, from the context. Throws Error where nothing can be started.
  TestRun(RunContext context, Display::Run number, std::vector<std::size_t> wanted, Filter filter,
          Done done);

  // As Runs::cancel().
  void cancel();
  // As Runs::memory_now().
  std::optional<std::uint64_t> memory_now() const;

 private:
  bool takes_input() const;
  Policy make_policy(Filter filter);
  void add_filter(Policy& policy);
  void start(Filter filter);
  void read_on();
  void read_output(std::size_t most);
  void finish(const Report& report);
  using Steady = std::chrono::steady_clock;
  void bound_time(Limits& limits) const;
  void watch_time();
  void watch_time_until(Steady::time_point end);

  void on_text(std::string_view text) override;
  void on_suite(std::string_view suite, std::string_view line) override;
  void on_suite_end(std::string_view line) override;
  void on_start(std::size_t test) override;
  void on_end(std::size_t test, TestEnd end, std::string_view line) override;
  void on_suite_failed(std::string_view suite) override;
  void on_failure_outside(std::string_view line) override;
  void on_summary() override;

  RunContext context_;
  const Display::Run number_;
  const Done done_;
  RunRecord record_{};
  StreamReader reader_;
  KeptFile xml_{};
  boost::asio::posix::stream_descriptor output_;
  boost::asio::steady_timer timer_;
  Runs::Id id_ = 0;
  bool has_summary_ = false;
};

}  // namespace sandbox::runner
