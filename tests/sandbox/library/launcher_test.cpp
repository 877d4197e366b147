#include "sandbox/launcher.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "sandbox/library/await.h"
#include "sys/unique_fd.h"

namespace sandbox {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the project's own helpers
namespace asio = boost::asio;
namespace process = boost::process::v2;

Policy anywhere() {
  return policy_of({});
}

TEST(Launcher, ExitCodeIsTheTestsOwn) {
  asio::io_context context;
  Runs runs;
  process::process test =
      launcher{runs, anywhere()}(context.get_executor(), "/bin/sh", {"-c", "exit 42"});
  EXPECT_EQ(test.wait(), 42);
}

TEST(Launcher, ADeathBySignalIs128AndItsNumber) {
  asio::io_context context;
  Runs runs;
  process::process test =
      launcher{runs, anywhere()}(context.get_executor(), "/bin/sh", {"-c", "kill -SEGV $$"});
  EXPECT_EQ(test.wait(), 128 + SIGSEGV);
}

TEST(Launcher, TheCallbackGetsTheReport) {
  asio::io_context context;
  Runs runs;
  std::optional<Report> seen;
  process::process test = launcher{runs, anywhere(), [&](const Report& report) { seen = report; }}(
      context.get_executor(), "/bin/sh", {"-c", "exit 3"});
  EXPECT_EQ(test.wait(), 3);
  serve_all(runs);
  EXPECT_EQ(seen->outcome.exit.code, 3);
}

TEST(Launcher, TerminateEndsTheWholeSandbox) {
  asio::io_context context;
  Runs runs;
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd said{ends[0]};
  const UniqueFd say{ends[1]};
  std::optional<Report> seen;
  const auto keep = [&](const Report& report) { seen = report; };
  process::process test = launcher{runs, anywhere(), keep, {0, say.get(), 2}}(
      context.get_executor(), "/bin/sh",
      {"-c", "sleep 1000 & while :; do echo x; sleep 0.05; done"});
  // The first lines may come before PID 1 has said that the test runs.
  char byte = 0;
  for (int i = 0; i < 12; ++i) ASSERT_EQ(::read(said.get(), &byte, 1), 1);
  test.terminate();
  serve_all(runs);
  EXPECT_EQ(seen->outcome.verdict, Verdict::killed) << seen->outcome.reason;
}

TEST(Launcher, AProgramThatIsNotThereThrows) {
  asio::io_context context;
  Runs runs;
  std::optional<Report> seen;
  const auto keep = [&](const Report& report) { seen = report; };
  EXPECT_THROW((launcher{runs, anywhere(), keep}(context.get_executor(), "/no/such", {})), Error);
  serve_all(runs);
  EXPECT_EQ(seen->exit_status, 127);
}

// Runs on an Asio loop: its descriptor in a stream_descriptor.
class AsioRuns {
 public:
  explicit AsioRuns(asio::io_context& context) : watched_(context, runs_.fd()) { wait(); }
  ~AsioRuns() { watched_.release(); }
  Runs& runs() { return runs_; }

 private:
  void wait() {
    watched_.async_wait(asio::posix::stream_descriptor::wait_read, [this](auto error) {
      if (error) return;
      runs_.dispatch();
      if (runs_.running() > 0) wait();
    });
  }

  Runs runs_;
  asio::posix::stream_descriptor watched_;
};

TEST(Runs, GoOnAnAsioLoop) {
  asio::io_context context;
  AsioRuns loop{context};
  int passed = 0;
  for (int i = 0; i < 10; ++i) {
    loop.runs().start(shell("true"), [&](const Report& report) {
      passed += report.outcome.verdict == Verdict::passed;
    });
  }
  context.run();
  EXPECT_EQ(passed, 10);
}

}  // namespace
}  // namespace sandbox
