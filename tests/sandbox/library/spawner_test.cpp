// The spawner as a process of its own: messages that mean nothing, and its end.
#include <dirent.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "library/spawner_process.h"
#include "sandbox/library/await.h"
#include "sandbox/runs.h"
#include "spawner/messages.h"
#include "spawner/wire.h"
#include "sys/error.h"

namespace sandbox {
namespace {

using ::testing::HasSubstr;
using namespace testing;  // NOLINT(google-build-using-namespace): the project's own helpers

struct Pipe {
  UniqueFd read{};
  UniqueFd write{};
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return {};
  return {UniqueFd{ends[0]}, UniqueFd{ends[1]}};
}

std::string read_all(int fd) {
  std::string text;
  char buffer[4096];
  for (ssize_t n = 0; (n = ::read(fd, buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(n));
  }
  return text;
}

wire::Caller caller_of(const char* version) {
  wire::Caller caller;
  caller.version = version;
  ::sigemptyset(&caller.signal_mask);
  return caller;
}

class Spawner : public ::testing::Test {
 protected:
  void SetUp() override { process_ = start_spawner(find_executable()); }
  void TearDown() override {
    process_.socket.reset();
    reap(process_);
    EXPECT_TRUE(has_no_child());
  }

  // The report of a run that is asked for in good form.
  Report good_run(const char* version = SANDBOX_VERSION) const {
    Pipe pipe = make_pipe();
    const UniqueFd cwd{::open("/", O_PATH | O_CLOEXEC)};
    wire::send_start(process_.socket.get(), 1, shell("exit 5"), caller_of(version),
                     {pipe.write.get(), 0, 1, 2, cwd.get()});
    pipe.write.reset();
    Report report = wire::decode_report(read_all(pipe.read.get()));
    while (auto received = wire::receive(process_.socket.get())) {
      siginfo_t info{};
      ::waitid(P_PIDFD, static_cast<id_t>(received->fds.at(0).get()), &info, WEXITED);
    }
    return report;
  }

  SpawnerProcess process_;
};

TEST_F(Spawner, ServesAGoodMessage) {
  EXPECT_EQ(good_run().outcome.exit.code, 5);
}

TEST_F(Spawner, SurvivesBytesThatMeanNothing) {
  for (const std::size_t size : {1U, 7U, 16U, 17U, 100U, 5000U}) {
    const std::string bytes(size, '\xee');
    ASSERT_EQ(::send(process_.socket.get(), bytes.data(), size, MSG_NOSIGNAL),
              static_cast<ssize_t>(size));
  }
  EXPECT_EQ(good_run().outcome.exit.code, 5);
}

TEST_F(Spawner, SurvivesTooFewDescriptors) {
  for (std::size_t count = 0; count < 6; ++count) {
    Pipe pipe = make_pipe();
    const std::vector<int> fds(count, pipe.write.get());
    ASSERT_EQ(wire::send(process_.socket.get(), {wire::Kind::start, 0, 9}, fds), 0);
  }
  EXPECT_EQ(good_run().outcome.exit.code, 5);
}

TEST_F(Spawner, SaysInTheReportWhatIsWrongWithAMessage) {
  Pipe pipe = make_pipe();
  const UniqueFd nonsense{::memfd_create("nonsense", MFD_CLOEXEC)};
  ASSERT_EQ(::write(nonsense.get(), "nonsense", 8), 8);
  const std::vector<int> fds{nonsense.get(), pipe.write.get(), 0, 1, 2, 0};
  ASSERT_EQ(wire::send(process_.socket.get(), {wire::Kind::start, 0, 9}, fds), 0);
  pipe.write.reset();
  const Report report = wire::decode_report(read_all(pipe.read.get()));
  EXPECT_EQ(report.outcome.verdict, Verdict::setup_failed);
  EXPECT_THAT(report.outcome.reason, HasSubstr("bad message"));
  EXPECT_EQ(good_run().outcome.exit.code, 5);
}

TEST_F(Spawner, RefusesALibraryOfAnotherVersion) {
  const Report report = good_run("0.0.7");
  EXPECT_EQ(report.outcome.verdict, Verdict::setup_failed);
  EXPECT_THAT(report.outcome.reason, HasSubstr("this library is of version 0.0.7"));
}

// --- its end, as its host sees it

// The one child of this process, whose number nobody says.
pid_t only_child() {
  std::ifstream file{"/proc/thread-self/children"};
  pid_t pid = -1;
  file >> pid;
  return pid;
}

TEST(SpawnerEnd, IsTheEndOfItsRunsAndTheNextStartsAnother) {
  Runs runs{{.executable = {}, .prepared = 0, .spawners = 1}};
  std::vector<Report> reports;
  const auto keep = [&](const Report& report) { reports.push_back(report); };
  runs.start(shell("true"), keep);
  serve_all(runs);
  const pid_t spawner = only_child();
  ASSERT_GT(spawner, 0);
  runs.start(shell("sleep 1000"), keep);
  runs.start(shell("sleep 1000"), keep);
  serve(runs, [&] { return std::ifstream{"/proc/thread-self/children"}.peek() >= 0; });
  ::kill(spawner, SIGKILL);
  serve_all(runs);
  ASSERT_EQ(reports.size(), 3U);
  EXPECT_EQ(reports[1].outcome.verdict, Verdict::setup_failed);
  EXPECT_THAT(reports[1].outcome.reason, HasSubstr("the spawner"));
  EXPECT_EQ(reports[1].command.back(), "sleep 1000");
  runs.start(shell("exit 7"), keep);
  serve_all(runs);
  EXPECT_EQ(reports.back().outcome.exit.code, 7);
}

}  // namespace
}  // namespace sandbox
