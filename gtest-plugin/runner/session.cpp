#include "runner/session.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <deque>
#include <map>
#include <memory>
#include <utility>

#include "runner/select.h"
#include "runner/test_run.h"

namespace sandbox::runner {
namespace {

// An argument holds 128 KiB (execve(2)).
constexpr std::size_t kLongestFilter = 100'000;

class Session {
 public:
  Session(Runs& runs, const Options& options, const TestList& tests, Display& display)
      : runs_(runs),
        options_(options),
        display_(display),
        ready_(io_),
        tick_(io_),
        signals_(io_, SIGINT, SIGTERM, SIGHUP) {
    suite_.tests = tests;
    suite_.results.resize(tests.size());
  }

  SuiteResult run() {
    suite_.began = Clock::now();
    const Selection selection = select(options_, suite_.tests);
    suite_.selected = selection.selected;
    suite_.passed_before = selection.passed_before;
    for (std::size_t i = 0; i < suite_.tests.size(); ++i)
      suite_.results[i].disabled = suite_.tests[i].is_disabled() && !options_.also_disabled;
    whole_ = selection.units.size() == 1 && selection.is_all;
    queue_.assign(selection.units.begin(), selection.units.end());
    display_.begin(suite_);
    wait_for_signals();
    dispatch_runs();
    if (display_.is_live()) show_what_runs();
    fill();
    while (!active_.empty()) io_.run_one();
    signals_.cancel();
    tick_.cancel();
    ready_.release();
    suite_.seconds = std::chrono::duration<double>(Clock::now() - suite_.began).count();
    display_.end(suite_);
    return std::move(suite_);
  }

 private:
  using Unit = std::vector<std::size_t>;

  void wait_for_signals() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      suite_.interrupted_by = signal;
      stop();
      wait_for_signals();
    });
  }

  void dispatch_runs() {
    if (!ready_.is_open()) ready_.assign(runs_.fd());
    ready_.async_wait(ready_.wait_read, [this](const boost::system::error_code& error) {
      if (error) return;
      runs_.dispatch();
      dispatch_runs();
    });
  }

  void show_what_runs() {
    constexpr std::chrono::milliseconds kPause{500};
    Display::Memory memory;
    for (const auto& [number, run] : active_) {
      if (const auto bytes = run->memory_now()) memory[number] = *bytes;
    }
    display_.on_tick(memory);
    tick_.expires_after(kPause);
    tick_.async_wait([this](const boost::system::error_code& error) {
      if (!error) show_what_runs();
    });
  }

  // Nothing new is started; what runs is cancelled.
  void stop() {
    queue_.clear();
    retries_.clear();
    for (const auto& [number, run] : active_) run->cancel();
  }

  void fill() {
    while (active_.size() < options_.jobs) {
      if (queue_.empty()) std::swap(queue_, retries_);
      if (queue_.empty()) return;
      Unit unit = std::move(queue_.front());
      queue_.pop_front();
      start(std::move(unit));
    }
  }

  void start(Unit unit) {
    const auto filter =
        std::exchange(whole_, false) ? TestRun::Filter::none : TestRun::Filter::wanted;
    if (filter == TestRun::Filter::wanted) bound(unit);
    const Display::Run number = ++last_;
    try {
      auto run = std::make_unique<TestRun>(
          RunContext{io_, runs_, options_, suite_.tests, display_, [this] { note_failure(); }},
          number, std::move(unit), filter,
          [this, number](RunRecord record) { take(number, std::move(record)); });
      active_[number] = std::move(run);
    } catch (const Error& error) {  // what others have shown by now is reported
      fail_sandbox(
          {.verdict = Verdict::setup_failed, .reason = error.what(), .hint = error.hint()});
    }
  }

  void fail_sandbox(const Outcome& outcome) {
    if (!suite_.sandbox_failure) suite_.sandbox_failure = outcome;
    stop();
  }

  // What an argument cannot name waits for the next sandbox.
  void bound(Unit& unit) {
    std::size_t size = 0;
    const auto fits = [&](std::size_t test) {
      size += suite_.tests[test].full_name().size() + 1;
      return size <= kLongestFilter;
    };
    const auto rest = std::ranges::find_if_not(unit, fits);
    if (rest == unit.end()) return;
    queue_.emplace_front(rest, unit.end());
    unit.erase(rest, unit.end());
  }

  void take(Display::Run number, RunRecord record) {
    active_.erase(number);
    Conclusion conclusion = conclude(record, suite_.tests);
    display_.on_conclusion(number, conclusion);
    if (record.xml) suite_.documents.push_back(record.xml);
    if (record.report.outcome.verdict == Verdict::setup_failed) fail_sandbox(record.report.outcome);
    const bool in_vain = conclusion.attempts.empty() && !conclusion.failure;
    // Ended by somebody else: not tried again.
    if (in_vain && !stopped()) fail_sandbox(record.report.outcome);
    for (auto& [test, attempt] : conclusion.attempts) take(test, std::move(attempt));
    if (conclusion.failure) suite_.failures.push_back(std::move(*conclusion.failure));
    if (!conclusion.remaining.empty() && !stopped())
      queue_.push_front(std::move(conclusion.remaining));
    stop_if_enough(failed_for_good());
    if (!stopped()) fill();
  }

  void take(std::size_t test, Attempt attempt) {
    TestResult& result = suite_.results[test];
    const bool failed = attempt.end == TestEnd::failed;
    result.attempts.push_back(std::move(attempt));
    if (failed && result.attempts.size() <= options_.retries && !stopped())
      retries_.push_back({test});
  }

  // With no attempt left.
  std::size_t failed_for_good() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(suite_.results, [&](const TestResult& result) {
          return result.state() == TestState::failed && result.attempts.size() > options_.retries;
        }));
  }

  // In a program that goes on: its other TESTs need not run.
  void note_failure() {
    ++failing_;
    if (options_.retries == 0) stop_if_enough(failing_);
  }

  void stop_if_enough(std::size_t failed) {
    if (options_.max_fail == 0 || failed < options_.max_fail) return;
    if (!std::exchange(had_enough_, true)) stop();
  }

  bool stopped() const {
    return suite_.interrupted_by != 0 || suite_.sandbox_failure || had_enough_;
  }

  Runs& runs_;
  const Options& options_;
  Display& display_;
  boost::asio::io_context io_{1};
  boost::asio::posix::stream_descriptor ready_;
  boost::asio::steady_timer tick_;
  boost::asio::signal_set signals_;
  SuiteResult suite_{};
  std::deque<Unit> queue_{};
  std::deque<Unit> retries_{};
  std::map<Display::Run, std::unique_ptr<TestRun>> active_{};
  Display::Run last_ = 0;
  bool whole_ = false;  // the program's own flags select what the first sandbox runs
  bool had_enough_ = false;
  std::size_t failing_ = 0;  // as the streams show
};

}  // namespace

SuiteResult run_suite(Runs& runs, const Options& options, const TestList& tests, Display& display) {
  return Session{runs, options, tests, display}.run();
}

}  // namespace sandbox::runner
