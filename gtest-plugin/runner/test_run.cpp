#include "runner/test_run.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <chrono>
#include <limits>
#include <utility>

namespace sandbox::runner {
namespace {

constexpr std::size_t kReadsAtOnce = 16;
constexpr std::size_t kMostOutput = 1 << 20;  // bytes that are kept of a TEST's

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw Error{"cannot make a pipe", errno};
  Pipe pipe{beyond_streams(UniqueFd{ends[0]}), beyond_streams(UniqueFd{ends[1]})};
  if (!pipe.read || !pipe.write || ::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK) != 0)
    throw Error{"cannot make a pipe", errno};
  return pipe;
}

// Its beginning, and as much of its end.
void keep(std::string& kept, std::string_view text) {
  kept += text;
  if (kept.size() <= 2 * kMostOutput) return;
  kept.replace(kMostOutput / 2, kept.size() - kMostOutput, "\n[…]\n");
}

// What means something in a filter stands for itself as any character.
std::string as_pattern(std::string name) {
  std::ranges::replace_if(
      name, [](char c) { return c == '-' || c == ':' || c == '*'; }, '?');
  return name;
}

double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

}  // namespace

TestRun::TestRun(RunContext context, Display::Run number, std::vector<std::size_t> wanted,
                 Filter filter, Done done)
    : context_(context),
      number_(number),
      done_(std::move(done)),
      reader_(context.tests, *this),
      output_(context.io),
      timer_(context.io) {
  record_.wanted = std::move(wanted);
  record_.began = Clock::now();
  start(filter);
}

void TestRun::start(Filter filter) {
  const Policy policy = make_policy(filter);
  Pipe pipe = make_pipe();
  const bool together = context_.options.style == Style::terminal;
  if (takes_input()) xml_.occupy();
  id_ = context_.runs.start(policy, [this](const Report& report) { finish(report); },
                            {takes_input() ? STDIN_FILENO : xml_.fd(), pipe.write.get(),
                             together ? pipe.write.get() : STDERR_FILENO});
  output_.assign(pipe.read.release());
  read_on();
}

// Where TESTs are spread over sandboxes, none can have what a person types. There standard input is
// the empty file that takes the XML, since a kept descriptor would rule out sandboxes made ahead.
bool TestRun::takes_input() const {
  return context_.options.batch == 0;
}

// Flags go before the program's own arguments, of which "--" may be one.
Policy TestRun::make_policy(Filter filter) {
  Policy policy = context_.options.policy;
  if (takes_input()) policy.keep_fds.push_back(KeptFile::number());
  std::vector<std::string> flags = context_.options.flags;
  flags.push_back("--gtest_color=no");
  flags.push_back("--gtest_output=xml:" +
                  KeptFile::path(takes_input() ? KeptFile::number() : STDIN_FILENO));
  policy.command.insert(policy.command.begin() + 1, flags.begin(), flags.end());
  if (filter == Filter::wanted) add_filter(policy);
  bound_time(policy.limits);
  return policy;
}

// Where the stream shows nothing: for each TEST, and for what comes before and after it.
void TestRun::bound_time(Limits& limits) const {
  if (!context_.options.test_timeout) return;
  const std::chrono::milliseconds most =
      *context_.options.test_timeout * static_cast<std::int64_t>(2 * record_.wanted.size() + 1);
  limits.timeout = std::min(limits.timeout.value_or(most), most);
}

// The last filter counts.
void TestRun::add_filter(Policy& policy) {
  std::string names;
  for (const std::size_t test : record_.wanted)
    names += (names.empty() ? "" : ":") + as_pattern(context_.tests[test].full_name());
  const auto after_flags =
      policy.command.begin() + 1 + static_cast<std::ptrdiff_t>(context_.options.flags.size());
  policy.command.insert(after_flags, "--gtest_filter=" + names);
}

void TestRun::cancel() {
  context_.runs.cancel(id_);
}

std::optional<std::uint64_t> TestRun::memory_now() const {
  return context_.runs.memory_now(id_);
}

void TestRun::read_on() {
  output_.async_wait(output_.wait_read, [this](const boost::system::error_code& error) {
    if (error) return;
    read_output(kReadsAtOnce);
    if (output_.is_open()) read_on();
  });
}

// Others have their turn too, however much a TEST writes.
void TestRun::read_output(std::size_t most) {
  char bytes[16384];
  for (std::size_t reads = 0; output_.is_open() && reads < most; ++reads) {
    const ssize_t size = ::read(output_.native_handle(), bytes, sizeof bytes);
    if (size > 0) {
      reader_.feed({bytes, static_cast<std::size_t>(size)});
    } else if (size == 0 || errno != EINTR) {
      if (size == 0 || errno != EAGAIN) output_.close();
      return;
    }
  }
}

// Nothing inside is alive any more, so all that was written is in the pipe.
void TestRun::finish(const Report& report) {
  read_output(std::numeric_limits<std::size_t>::max());
  if (output_.is_open()) output_.close();
  timer_.cancel();
  reader_.finish();
  if (reader_.running() != TestList::npos)
    record_.seen.back().seconds = seconds_since(record_.seen.back().began);
  record_.report = report;
  record_.xml = GtestXml::parse(xml_.text());
  // Who is told may destroy this.
  boost::asio::post(context_.io, [this] {
    const Done done = done_;
    done(std::move(record_));
  });
}

// From one thing that the stream shows to the next. What this process has not read in time, as it
// was stopped itself, or whoever reads its words, is no fault of the TEST's.
void TestRun::watch_time() {
  if (context_.options.test_timeout)
    watch_time_until(Steady::now() + *context_.options.test_timeout);
}

void TestRun::watch_time_until(Steady::time_point end) {
  timer_.expires_at(end);
  timer_.async_wait([this, end](const boost::system::error_code& error) {
    if (error) return;
    constexpr std::chrono::milliseconds kLate{100};
    const bool late = Steady::now() - end > kLate;
    read_output(kReadsAtOnce);
    if (timer_.expiry() != end) return;  // it has gone on
    if (late) return watch_time();
    record_.timed_out = reader_.running();
    context_.runs.time_out(id_, *context_.options.test_timeout);
  });
}

void TestRun::on_text(std::string_view text) {
  context_.display.on_text(number_, text);
  keep(reader_.running() == TestList::npos ? record_.outside : record_.seen.back().output, text);
}

void TestRun::on_suite(std::string_view suite, std::string_view line) {
  record_.suite = suite;
  record_.outside.clear();
  watch_time();
  context_.display.on_suite(number_, line);
}

void TestRun::on_suite_end(std::string_view line) {
  record_.suite.clear();
  watch_time();
  context_.display.on_suite_end(number_, line);
}

void TestRun::on_start(std::size_t test) {
  record_.seen.push_back({test, std::nullopt, Clock::now()});
  if (std::exchange(has_summary_, false)) record_.xml_is_old = true;
  record_.suite.clear();
  context_.display.on_start(number_, test);
  watch_time();
}

void TestRun::on_end(std::size_t test, TestEnd end, std::string_view line) {
  watch_time();
  SeenTest& seen = record_.seen.back();
  seen.end = end;
  seen.seconds = seconds_since(seen.began);
  if (end == TestEnd::passed) std::string{}.swap(seen.output);
  context_.display.on_end(number_, test, line);
  if (end == TestEnd::failed) context_.on_failure();
}

void TestRun::on_suite_failed(std::string_view suite) {
  record_.failed_suites.emplace_back(suite);
}

void TestRun::on_failure_outside(std::string_view line) {
  if (has_summary_ && record_.failure_after.empty()) record_.failure_after = line;
}

void TestRun::on_summary() {
  watch_time();
  has_summary_ = true;
  record_.xml_is_old = false;
}

}  // namespace sandbox::runner
