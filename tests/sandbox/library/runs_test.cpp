#include "sandbox/runs.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <thread>

#include "sandbox/library/await.h"
#include "support/host.h"
#include "sys/unique_fd.h"

namespace sandbox {
namespace {

using ::testing::HasSubstr;
using namespace testing;  // NOLINT(google-build-using-namespace): the project's own helpers

TEST(Run, ReturnsTheReport) {
  const Report report = run(shell("exit 3"));
  EXPECT_EQ(report.outcome.verdict, Verdict::failed) << report.outcome.reason;
  EXPECT_EQ(report.outcome.exit.code, 3);
  EXPECT_EQ(report.command.size(), 3U);
  EXPECT_TRUE(report.usage.cpu_user_seconds.value);
  EXPECT_TRUE(has_no_child());
}

TEST(Run, AFailedSetUpIsAReport) {
  const Report report = run(policy_of({"/no/such/program"}));
  EXPECT_EQ(report.outcome.verdict, Verdict::setup_failed);
  EXPECT_EQ(report.exit_status, 127);
  EXPECT_THAT(report.outcome.reason, HasSubstr("/no/such/program"));
}

TEST(Runs, WithoutSandboxExecStartThrows) {
  Runs runs{{.executable = "/no/such/sandbox-exec"}};
  EXPECT_THROW(runs.start(shell("true"), [](const Report&) {}), Error);
  EXPECT_EQ(runs.running(), 0U);
}

TEST(Runs, EachCallbackGetsItsOwnReport) {
  Runs runs;
  std::map<int, int> codes;
  for (int i = 0; i < 8; ++i) {
    runs.start(shell("exit " + std::to_string(i)), [&codes, i](const Report& report) {
      codes[i] = report.outcome.exit.code.value_or(-1);
    });
  }
  EXPECT_EQ(runs.running(), 8U);
  serve_all(runs);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(codes[i], i);
}

TEST(Runs, AsManySpawnersAsAreBusyAtOnce) {
  Runs runs{{.executable = {}, .prepared = 0, .spawners = 3}};
  const auto children = [] {
    std::ifstream file{"/proc/thread-self/children"};
    return std::distance(std::istream_iterator<int>{file}, {});
  };
  for (int i = 0; i < 3; ++i) {  // one after the other: one spawner does it
    runs.start(shell("true"), [](const Report&) {});
    serve_all(runs);
  }
  EXPECT_EQ(children(), 1);
  for (int i = 0; i < 8; ++i) runs.start(shell("true"), [](const Report&) {});
  serve_all(runs);
  EXPECT_EQ(children(), 3);
}

TEST(Runs, SixtyFourGoOnAtOnce) {
  Runs runs;
  int pipe_ends[2];
  ASSERT_EQ(::pipe2(pipe_ends, O_CLOEXEC), 0);
  UniqueFd gate{pipe_ends[1]};
  UniqueFd read_end{pipe_ends[0]};
  int started[2];
  ASSERT_EQ(::pipe2(started, O_CLOEXEC), 0);
  const UniqueFd said{started[0]};
  UniqueFd say{started[1]};
  int passed = 0;
  for (int i = 0; i < 64; ++i) {
    runs.start(shell("echo x; read line; exit 0"),
               [&](const Report& report) {
                 passed += report.outcome.exit.code == 0;
                 if (report.outcome.exit.code != 0) ADD_FAILURE() << report.outcome.reason;
               },
               {read_end.get(), say.get(), 2});
  }
  std::size_t lines = 0;
  ::fcntl(said.get(), F_SETFL, O_NONBLOCK);
  serve(runs, [&] {
    char buffer[256];
    const ssize_t n = ::read(said.get(), buffer, sizeof buffer);
    if (n > 0) lines += static_cast<std::size_t>(n) / 2;
    return lines == 64 || runs.running() < 64;
  });
  EXPECT_EQ(lines, 64U);
  EXPECT_EQ(runs.running(), 64U);
  for (int i = 0; i < 64; ++i) ASSERT_EQ(::write(gate.get(), "\n", 1), 1);
  serve_all(runs);
  EXPECT_EQ(passed, 64);
}

TEST(Runs, ACallbackMayStartAnother) {
  Runs runs;
  int ended = 0;
  std::function<void(const Report&)> again = [&](const Report&) {
    if (++ended < 5) runs.start(shell("true"), again);
  };
  runs.start(shell("true"), again);
  serve_all(runs);
  EXPECT_EQ(ended, 5);
}

TEST(Runs, WhatACallbackThrowsComesOutOfDispatchAndLosesNothing) {
  Runs runs;
  int ended = 0;
  for (int i = 0; i < 3; ++i) {
    runs.start(shell("true"), [&](const Report&) {
      ++ended;
      throw std::runtime_error{"from a callback"};
    });
  }
  int thrown = 0;
  while (runs.running() > 0) {
    try {
      serve_all(runs);
    } catch (const std::runtime_error&) {
      ++thrown;
    }
  }
  EXPECT_EQ(ended, 3);
  EXPECT_EQ(thrown, 3);
}

TEST(Runs, NothingIsLeftWhenTheyAreDestroyed) {
  {
    Runs runs;
    for (int i = 0; i < 4; ++i) {
      runs.start(shell("sleep 1000"), [](const Report&) { FAIL() << "a callback after the end"; });
    }
    runs.dispatch();
  }
  EXPECT_TRUE(has_no_child());
}

// --- cancel, at every stage

TEST(Runs, CancelBeforeTheSpawnerHasSeenIt) {
  Runs runs;
  std::optional<Report> seen;
  const auto id = runs.start(shell("sleep 1000"), [&](const Report& report) { seen = report; });
  runs.cancel(id);
  serve_all(runs);
  EXPECT_EQ(seen->outcome.verdict, Verdict::interrupted);
}

TEST(Runs, CancelAtAnyMomentAfterTheStart) {
  Runs runs;
  for (int microseconds = 0; microseconds < 8000; microseconds += 250) {
    std::optional<Report> seen;
    const auto id = runs.start(shell("sleep 1000"), [&](const Report& report) { seen = report; });
    runs.dispatch();
    std::this_thread::sleep_for(std::chrono::microseconds{microseconds});  // the moment is the test
    runs.cancel(id);
    serve_all(runs);
    ASSERT_EQ(seen->outcome.verdict, Verdict::interrupted) << "after " << microseconds << " us";
  }
}

TEST(Runs, ASecondCancelKillsAtOnce) {
  Runs runs;
  Policy policy = shell("trap '' TERM; echo x; while :; do sleep 1; done");
  policy.limits.grace = std::chrono::minutes{5};
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd said{ends[0]};
  UniqueFd say{ends[1]};
  std::optional<Report> seen;
  const auto id =
      runs.start(policy, [&](const Report& report) { seen = report; }, {0, say.get(), 2});
  say.reset();
  char byte = 0;
  ASSERT_EQ(::read(said.get(), &byte, 1), 1);
  runs.cancel(id);
  runs.cancel(id);
  serve_all(runs);
  EXPECT_EQ(seen->outcome.verdict, Verdict::interrupted);
}

TEST(Runs, CancelAfterTheEndIsIgnored) {
  Runs runs;
  const auto id = runs.start(shell("true"), [](const Report&) {});
  serve_all(runs);
  runs.cancel(id);
  runs.cancel(4711);
  EXPECT_EQ(runs.running(), 0U);
}

// --- while it runs

TEST(Runs, WhatItHoldsIsSeenAndItCanBeTimedOut) {
  Runs runs;
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd said{ends[0]};
  UniqueFd say{ends[1]};
  std::optional<Report> seen;
  const auto id = runs.start(shell("head -c 16M /dev/zero > /dev/shm/x; echo; sleep 1000"),
                             [&](const Report& report) { seen = report; }, {0, say.get(), 2});
  say.reset();
  char byte = 0;
  ASSERT_EQ(::read(said.get(), &byte, 1), 1);
  runs.dispatch();
  const auto memory = runs.memory_now(id);
  runs.time_out(id, std::chrono::milliseconds{1500});
  serve_all(runs);
  EXPECT_EQ(seen->outcome.verdict, Verdict::timed_out);
  EXPECT_THAT(seen->outcome.reason, HasSubstr("ran longer than 1.5 s"));
  EXPECT_FALSE(seen->hang.empty());
  EXPECT_EQ(memory.has_value(), seen->usage.memory_peak_bytes.value.has_value());
  EXPECT_GT(memory.value_or(1U << 30), 16U << 20);
  EXPECT_EQ(runs.memory_now(id), std::nullopt);
  runs.time_out(id, std::chrono::milliseconds{1});  // it has ended: ignored
}

// Its dead PID 1 is in no run's group, and must not be taken for one of the root's.
TEST(Runs, WhatHasEndedHoldsNothing) {
  Runs runs;
  const auto id = runs.start(shell("true"), [](const Report&) {});
  siginfo_t gone{};
  ASSERT_EQ(::waitid(P_ALL, 0, &gone, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(runs.memory_now(id), std::nullopt);
  serve_all(runs);
}

TEST(Runs, AProcessIsHandedOverOnce) {
  Runs runs;
  const auto id = runs.start(shell("sleep 1000"), [](const Report&) {});
  const auto process = runs.take_process(id);
  ASSERT_TRUE(process);
  EXPECT_FALSE(runs.take_process(id));
  EXPECT_EQ(::kill(process->pid, SIGKILL), 0);
  const UniqueFd pidfd{process->pidfd};
  EXPECT_EQ(::waitpid(process->pid, nullptr, 0), process->pid);
  serve_all(runs);
}

TEST(Runs, TheUmaskIsTheCallingThreads) {
  Runs runs;
  std::optional<Report> seen;
  std::thread([&] {
    ASSERT_EQ(::unshare(CLONE_FS), 0);
    ::umask(077);
    runs.start(shell("[ $(umask) = 0077 ]"), [&](const Report& report) { seen = report; });
  }).join();
  serve_all(runs);
  EXPECT_EQ(seen->outcome.verdict, Verdict::passed);
}

// --- what a test inherits is the caller's

TEST(Runs, EnvironmentDirectoryAndUmaskAreTheCallersOfThisMoment) {
  Runs runs;
  runs.start(shell("true"), [](const Report&) {});  // the spawner is there before they change
  serve_all(runs);
  ::setenv("OF_THIS_MOMENT", "yes", 1);
  const mode_t before = ::umask(027);
  char folder[4096];
  ASSERT_NE(::getcwd(folder, sizeof folder), nullptr);
  ASSERT_EQ(::chdir("/usr"), 0);
  Policy policy = shell("test $OF_THIS_MOMENT = yes && test $(umask) = 0027 && test $PWD = /usr");
  policy.chdir.clear();
  policy.project = {Project::Choice::directory, "/usr"};
  std::optional<Report> seen;
  runs.start(policy, [&](const Report& report) { seen = report; });
  ::unsetenv("OF_THIS_MOMENT");
  ::umask(before);
  ASSERT_EQ(::chdir(folder), 0);
  serve_all(runs);
  EXPECT_EQ(seen->outcome.verdict, Verdict::passed) << seen->outcome.reason;
  EXPECT_EQ(seen->cwd, "/usr");
}

TEST(Runs, DescriptorsAreKeptUnderTheirNumbers) {
  Runs runs;
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd said{ends[0]};
  const UniqueFd say{ends[1]};
  const UniqueFd low{::fcntl(say.get(), F_DUPFD_CLOEXEC, 5)};
  const UniqueFd high{::fcntl(say.get(), F_DUPFD_CLOEXEC, 40)};
  Policy policy = policy_of(
      {"/bin/bash", "-c",
       "echo a >&" + std::to_string(low.get()) + "; echo b >&" + std::to_string(high.get())});
  policy.keep_fds = {low.get(), high.get()};
  std::optional<Report> seen;
  runs.start(policy, [&](const Report& report) { seen = report; });
  serve_all(runs);
  ASSERT_EQ(seen->outcome.verdict, Verdict::passed) << seen->outcome.reason;
  char text[16] = {};
  ASSERT_EQ(::read(said.get(), text, sizeof text), 4);
  EXPECT_STREQ(text, "a\nb\n");
}

TEST(Runs, TheTestGetsTheCallersLimitOfOpenFiles) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  const Report report = run(shell("test $(ulimit -S -n) = " + std::to_string(limit.rlim_cur)));
  EXPECT_EQ(report.outcome.verdict, Verdict::passed);
}

TEST(Runs, TheTestHasNoDescriptorButItsOwn) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);  // inheritable, as an oversight of the host's
  const UniqueFd said{ends[0]};
  UniqueFd say{ends[1]};
  const Report report = run(policy_of({"/bin/bash", "-c",
                                       "test \"$(echo /proc/self/fd/*)\" = "
                                       "'/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 "
                                       "/proc/self/fd/3 /proc/self/fd/63'"}));
  // 3: the glob's own; 63: the channel
  EXPECT_EQ(report.outcome.verdict, Verdict::passed);
}

TEST(Runs, AnInheritablePipeOfTheHostIsNotHeldOpen) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const UniqueFd said{ends[0]};
  UniqueFd say{ends[1]};
  Runs runs;
  runs.start(shell("true"), [](const Report&) {});
  say.reset();
  char byte = 0;
  EXPECT_EQ(::read(said.get(), &byte, 1), 0);  // its end, while the spawner lives
  serve_all(runs);
}

// --- a host that is large and has threads

TEST(Runs, ALargeHostWithThreadsIsNotChargedToTheTest) {
  std::vector<char> large(std::size_t{300} << 20, 1);
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 20; ++i) {
    threads.emplace_back([&] {
      while (!stop) std::this_thread::sleep_for(std::chrono::milliseconds{10});
    });
  }
  Runs runs;
  std::vector<Report> reports;
  for (int i = 0; i < 8; ++i) {
    runs.start(shell("true"), [&](const Report& report) { reports.push_back(report); });
  }
  serve_all(runs);
  stop = true;
  for (std::thread& thread : threads) thread.join();
  for (const Report& report : reports) {
    EXPECT_EQ(report.outcome.verdict, Verdict::passed);
    EXPECT_LT(report.usage.memory_peak_bytes.value.value_or(0), 20U << 20);
  }
  EXPECT_EQ(large.back(), 1);
}

// --- verdicts

TEST(Runs, AnOomKillIsTold) {
  REQUIRE_MEMORY_GROUP();
  Policy policy = shell("exec tail /dev/zero");
  policy.limits.memory = Bytes{32 << 20};
  const Report report = run(policy);
  EXPECT_EQ(report.outcome.verdict, Verdict::out_of_memory) << report.outcome.reason;
}

TEST(Runs, ATimeoutIsTold) {
  Policy policy = shell("sleep 1000");
  policy.limits.timeout = std::chrono::milliseconds{200};
  const Report report = run(policy);
  EXPECT_EQ(report.outcome.verdict, Verdict::timed_out) << report.outcome.reason;
}

TEST(Runs, CpuTimeIsCountedWithoutAGroupToo) {
  Policy policy = policy_of({"/bin/bash", "-c", "for ((i = 0; i < 200000; ++i)); do :; done"});
  ::setenv("SANDBOX_CGROUP", "/no/such/group", 1);
  const Report report = run(policy);
  ::unsetenv("SANDBOX_CGROUP");
  EXPECT_EQ(report.outcome.verdict, Verdict::passed) << report.outcome.reason;
  EXPECT_EQ(report.usage.cpu_user_seconds.source, kCpuOfWaiting);
  EXPECT_GT(report.usage.cpu_user_seconds.value.value_or(0), 0.02);
}

TEST(Runs, IdsOfTheHostAreNeverSharedWhereMountsTakeThem) {
  REQUIRE_ROOT();
  Runs runs;
  std::set<uid_t> ids;
  for (int i = 0; i < 6; ++i) {
    runs.start(shell("true"),
               [&](const Report& report) { ids.insert(report.identity.uid_outside); });
  }
  serve_all(runs);
  EXPECT_EQ(ids.size(), takes_id_maps_here() ? 6U : 1U);
}

}  // namespace
}  // namespace sandbox
