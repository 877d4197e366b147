// What a host may do to itself, and what its surroundings do to it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include "sandbox/library/await.h"
#include "sandbox/runs.h"
#include "support/host.h"
#include "sys/files.h"
#include "sys/unique_fd.h"

namespace sandbox {
namespace {

using ::testing::HasSubstr;
using namespace testing;  // NOLINT(google-build-using-namespace): the project's own helpers

const Runs::Options kOneSpawner{.executable = {}, .prepared = 0, .spawners = 1};

// In a process of its own, which a hang ends too.
int in_host(const std::function<int()>& body) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::alarm(60);
    ::_exit(body());
  }
  int status = -1;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST(RobustHost, WithoutAFreeDescriptorItGoesOn) {
  EXPECT_EQ(in_host([] {
              Runs runs{kOneSpawner};
              int reports = 0;
              const auto count = [&](const Report&) { ++reports; };
              runs.start(shell("true"), count);
              serve_all(runs);
              const rlimit few{30, 30};
              ::setrlimit(RLIMIT_NOFILE, &few);
              int started = 1;
              try {
                for (;; ++started) runs.start(shell("sleep 0.2"), count);
              } catch (const Error&) {
                // no pipe for the next
              }
              serve_all(runs);
              runs.start(shell("true"), count);
              serve_all(runs);
              return reports == started + 1 && started > 3 ? 0 : 1;
            }),
            0);
}

TEST(RobustHost, ThatClearedItsEnvironmentHasNone) {
  EXPECT_EQ(in_host([] {
              ::setenv("SANDBOX_EXEC", SANDBOX_EXEC_UNDER_TEST, 1);
              const Runs::Options options{.executable = SANDBOX_EXEC_UNDER_TEST};
              ::clearenv();
              Runs runs{options};
              std::optional<Report> seen;
              runs.start(shell("test -z \"$HOME\""), [&](const Report& report) { seen = report; });
              serve_all(runs);
              return seen->outcome.verdict == Verdict::passed ? 0 : 1;
            }),
            0);
}

// What it opened itself would else be taken for its streams, and given to a test.
TEST(RobustHost, WithClosedStreamsGivesATestNoneOfItsOwn) {
  const std::string look =
      "for fd in 0 1 2; do test /proc/self/fd/$fd -ef /dev/null || exit 9; done";
  EXPECT_EQ(in_host([&] {
              for (const int fd : {0, 1, 2}) ::close(fd);
              Runs runs{kOneSpawner};
              int passed = 0;
              for (int i = 0; i < 3; ++i) {
                runs.start(shell(look), [&](const Report& report) {
                  passed += report.outcome.verdict == Verdict::passed;
                });
              }
              serve_all(runs);
              return passed == 3 ? 0 : 1;
            }),
            0);
}

TEST(RobustHost, IsToldWhichStreamIsNotOpen) {
  Runs runs{kOneSpawner};
  for (const int closed : {-1, 999}) {
    try {
      runs.start(shell("true"), [](const Report&) {}, {.in = 0, .out = closed, .error = 2});
      ADD_FAILURE() << closed << " is taken for a stream";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("stream " + std::to_string(closed) + " is not open"));
    }
  }
  EXPECT_EQ(runs.running(), 0U);
}

TEST(RobustHost, ThatHasBecomeAnotherUserIsRefused) {
  REQUIRE_ROOT();
  EXPECT_EQ(in_host([] {
              Runs runs{kOneSpawner};
              runs.start(shell("true"), [](const Report&) {});
              serve_all(runs);
              if (::setgid(1000) != 0 || ::setuid(1000) != 0) return 2;
              try {
                runs.start(shell("cat /etc/shadow"), [](const Report&) {});
              } catch (const Error& error) {
                return std::string{error.what()}.find("another user") != std::string::npos ? 0 : 3;
              }
              return 1;
            }),
            0);
}

TEST(RobustHost, ThatIgnoresItsChildrenDoesNotKnowTheirCpuTime) {
  EXPECT_EQ(in_host([] {
              ::signal(SIGCHLD, SIG_IGN);
              Runs runs{kOneSpawner};
              std::optional<Report> seen;
              Policy policy = shell("true");
              policy.isolation = Isolation::none;
              policy.limits.pids_asked = false;
              runs.start(policy, [&](const Report& report) { seen = report; });
              serve_all(runs);
              const Usage& usage = seen->usage;
              if (usage.cpu_user_seconds.source != kCpuOfWaiting) return 0;  // a group has it
              return usage.cpu_user_seconds.value ? 1 : 0;
            }),
            0);
}

TEST(RobustHost, ThatIsKilledOffItsSpawnerHasAWholeReport) {
  Runs runs{kOneSpawner};
  std::optional<Report> seen;
  runs.start(shell("sleep 30"), [&](const Report& report) { seen = report; });
  const auto children = read_file("/proc/thread-self/children").value_or("");
  ASSERT_NE(children, "");
  ::kill(std::stoi(children), SIGKILL);
  serve_all(runs);
  EXPECT_EQ(seen->outcome.verdict, Verdict::setup_failed);
  EXPECT_EQ(seen->name, "sh");
  EXPECT_NE(seen->run_id, "");
  EXPECT_NE(seen->started_at, "");
  EXPECT_NE(seen->cwd, "");
}

TEST(RobustHost, GivesUpASpawnerThatWasStopped) {
  EXPECT_EQ(in_host([] {
              {
                Runs runs{kOneSpawner};
                runs.start(shell("true"), [](const Report&) {});
                serve_all(runs);
                ::kill(std::stoi(read_file("/proc/thread-self/children").value_or("0")), SIGSTOP);
              }
              return has_no_child() ? 0 : 1;
            }),
            0);
}

TEST(RobustHost, WithoutACallbackIsRefused) {
  Runs runs{kOneSpawner};
  EXPECT_THROW(runs.start(shell("true"), {}), Error);
  EXPECT_EQ(runs.running(), 0U);
}

TEST(RobustHost, GetsTheRefusalOfABadPolicyAsAReport) {
  Policy policy = shell("true");
  policy.limits.cpus = 0;
  const Report report = run(policy);
  EXPECT_EQ(report.outcome.verdict, Verdict::setup_failed);
  EXPECT_THAT(report.outcome.reason,
              HasSubstr("limits.cpus is 0.000000: the kernel's least is 0.01"));
}

// Before the spawner comes to it.
TEST(RobustHost, CancelsNoRunThatHasEnded) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const UniqueFd read{ends[0]};
  UniqueFd write{ends[1]};
  Runs runs{kOneSpawner};
  std::optional<Report> seen;
  const auto keep = [&](const Report& report) { seen = report; };
  const Runs::Id id = runs.start(shell("echo; exec sleep 0.2"), keep, {.out = write.get()});
  const auto process = runs.take_process(id);
  ASSERT_TRUE(process);
  char byte;
  ASSERT_EQ(::read(read.get(), &byte, 1), 1);
  const int spawner = std::stoi(read_file("/proc/thread-self/children").value_or("0"));
  ::kill(spawner, SIGSTOP);
  runs.cancel(id);
  pollfd ended{process->pidfd, POLLIN, 0};
  EXPECT_EQ(::poll(&ended, 1, 10'000), 1);
  ::kill(spawner, SIGCONT);
  serve_all(runs);
  EXPECT_EQ(seen->outcome.verdict, Verdict::passed) << seen->outcome.reason;
  ::waitpid(process->pid, nullptr, 0);
  ::close(process->pidfd);
}

TEST(RobustHost, ThatForkedHasNothingToDispatchForEver) {
  Runs runs{kOneSpawner};
  runs.start(shell("sleep 0.1"), [](const Report&) {});
  const pid_t other = ::fork();
  if (other == 0) {
    for (;;) ::pause();
  }
  serve_all(runs);
  runs.dispatch();
  pollfd ready{runs.fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&ready, 1, 100), 0);
  ::kill(other, SIGKILL);
  ::waitpid(other, nullptr, 0);
}

TEST(RobustHost, AForkedCopyThatIsDestroyedEndsNobodysRuns) {
  auto runs = std::make_unique<Runs>(kOneSpawner);
  std::optional<Report> seen;
  runs->start(shell("sleep 0.5; exit 9"), [&](const Report& report) { seen = report; });
  const pid_t other = ::fork();
  if (other == 0) {
    runs.reset();
    ::_exit(0);
  }
  ::waitpid(other, nullptr, 0);
  serve_all(*runs);
  EXPECT_EQ(seen->outcome.exit.code, 9) << seen->outcome.reason;
}

TEST(RobustHost, CancelOfARefusedRunEndsNoOther) {
  Runs runs{kOneSpawner};
  std::vector<Report> reports;
  const auto keep = [&](const Report& report) { reports.push_back(report); };
  runs.start(shell("sleep 0.5; exit 9"), keep);
  Policy refused = shell("true");
  // So long that its report does not fit into the pipe before it is read.
  refused.command.emplace_back(200'000, 'x');
  refused.reporting.report = "/no/such/folder/report.json";
  const auto id = runs.start(refused, keep);
  std::ifstream file{"/proc/thread-self/children"};
  pid_t spawner = -1;
  file >> spawner;
  runs.cancel(id);
  runs.cancel(id);
  ::usleep(300'000);  // the spawner has seen it before the pipe is read
  runs.cancel(id);
  serve_all(runs);
  ASSERT_EQ(reports.size(), 2U);
  EXPECT_THAT(reports[0].outcome.reason, HasSubstr("/no/such/folder"));
  EXPECT_EQ(reports[1].outcome.exit.code, 9) << reports[1].outcome.reason;
}

TEST(RobustHost, MayLookAfterItsRunsLate) {
  Runs runs{kOneSpawner};
  std::map<std::string, int> reasons;
  for (int i = 0; i < 320; ++i) {
    runs.start(shell("true"), [&](const Report& report) { ++reasons[report.outcome.reason]; });
  }
  ::usleep(3'000'000);  // the spawner works, and nobody takes what it says
  serve_all(runs);
  EXPECT_EQ(reasons, (std::map<std::string, int>{{"", 320}}));
}

TEST(RobustHost, NoCallbackIsCalledByStart) {
  Runs runs{kOneSpawner};
  bool starting = false;
  bool lost = false;
  runs.start(shell("sleep 1000"), [&](const Report&) {
    EXPECT_FALSE(starting);
    lost = true;
  });
  pid_t spawner = -1;
  std::ifstream{"/proc/thread-self/children"} >> spawner;
  ::kill(spawner, SIGKILL);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(spawner), &info, WEXITED | WNOWAIT), 0);
  starting = true;
  std::optional<Report> next;
  runs.start(shell("exit 4"), [&](const Report& report) { next = report; });
  starting = false;
  serve_all(runs);
  EXPECT_TRUE(lost);
  EXPECT_EQ(next->outcome.exit.code, 4) << next->outcome.reason;
}

TEST(RobustHost, ASignalToItsGroupIsNotTheSpawners) {
  EXPECT_EQ(in_host([] {
              ::setpgid(0, 0);
              for (const int signal : {SIGTERM, SIGHUP, SIGINT}) ::signal(signal, [](int) {});
              Runs runs{kOneSpawner};
              std::optional<Report> seen;
              int ends[2];
              if (::pipe2(ends, O_CLOEXEC) != 0) return 2;
              runs.start(shell("echo; sleep 0.5; exit 6"),
                         [&](const Report& report) { seen = report; }, {0, ends[1], 2});
              char byte = 0;
              if (::read(ends[0], &byte, 1) != 1) return 3;  // until it runs
              for (const int signal : {SIGTERM, SIGHUP, SIGINT}) ::kill(0, signal);
              serve_all(runs);
              return seen->outcome.exit.code == 6 ? 0 : 1;
            }),
            0);
}

// --- what a policy names that only a process has

class Reporting : public ::testing::Test {
 protected:
  Report run_with(const std::string& report, const Streams& streams = {}) {
    Policy policy = shell("exit 2");
    policy.reporting.report = report;
    std::optional<Report> seen;
    Runs runs{kOneSpawner};
    runs.start(
        policy, [&](const Report& made) { seen = made; }, streams);
    serve_all(runs);
    return *seen;
  }
};

TEST_F(Reporting, ToADescriptorOfTheSpawnersIsRefused) {
  for (const char* target : {"fd:3", "fd:7", "/dev/fd/3", "/proc/self/fd/3"}) {
    const Report report = run_with(target);
    EXPECT_EQ(report.outcome.verdict, Verdict::setup_failed);
    EXPECT_THAT(report.outcome.reason, HasSubstr(std::string{"--report "} + target));
    EXPECT_THAT(report.outcome.hint, HasSubstr("callback"));
  }
}

TEST_F(Reporting, ToStandardOutputIsToTheTests) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd said{ends[0]};
  UniqueFd say{ends[1]};
  EXPECT_EQ(run_with("/proc/self/fd/1", {0, say.get(), 2}).outcome.exit.code, 2);
  say.reset();
  char text[64] = {};
  ASSERT_GT(::read(said.get(), text, sizeof text - 1), 0);
  EXPECT_THAT(text, HasSubstr("sandbox-report/1"));
}

TEST_F(Reporting, ToAFifoOfTheCallersFolder) {
  char name[] = "/var/tmp/sandbox-robust-XXXXXX";
  ASSERT_NE(::mkdtemp(name), nullptr);
  char before[4096];
  ASSERT_NE(::getcwd(before, sizeof before), nullptr);
  ASSERT_EQ(::chdir(name), 0);
  ASSERT_EQ(::mkfifo("fifo", 0666), 0);
  const UniqueFd reader{::open("fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  EXPECT_EQ(run_with("fifo").outcome.exit.code, 2);
  char text[64] = {};
  EXPECT_GT(::read(reader.get(), text, sizeof text - 1), 0);
  ASSERT_EQ(::chdir(before), 0);
  std::filesystem::remove_all(name);
}

TEST(RelativePlaces, AreRefusedByName) {
  Policy policy = shell("true");
  policy.mounts = {{MountKind::tmpfs, "", "scratch", std::nullopt, "--tmpfs scratch"}};
  const Report report = run(policy);
  EXPECT_THAT(report.outcome.reason, HasSubstr("--tmpfs scratch"));
  EXPECT_THAT(report.outcome.reason, HasSubstr("absolute"));
}

}  // namespace
}  // namespace sandbox
