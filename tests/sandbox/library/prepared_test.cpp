// Sandboxes made ahead: each is what a new one would be, and is used once.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <thread>

#include "sandbox/library/await.h"
#include "sandbox/runs.h"
#include "support/host.h"
#include "sys/unique_fd.h"

namespace sandbox {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using namespace testing;  // NOLINT(google-build-using-namespace): the project's own helpers

struct Result {
  Report report{};
  std::string output{};
  // Its group was made, and named, before the run was known.
  bool was_prepared() const {
    return !report.groups.empty() && report.groups[0].find(report.run_id) == std::string::npos;
  }
};

class Prepared : public ::testing::Test {
 protected:
  // One run, and the time to prepare for the next.
  Result run_one(const Policy& policy) {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd said{ends[0]};
    UniqueFd say{ends[1]};
    Result result;
    runs_.start(policy, [&](const Report& report) { result.report = report; },
                {0, say.get(), say.get()});
    say.reset();
    serve_all(runs_);
    char buffer[65536];
    for (ssize_t n = 0; (n = ::read(said.get(), buffer, sizeof buffer)) > 0;) {
      result.output.append(buffer, static_cast<std::size_t>(n));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{150});
    runs_.dispatch();
    return result;
  }

  Runs runs_{{.executable = {}, .prepared = 2, .spawners = 1}};
};

TEST_F(Prepared, TheSecondRunFindsItsSandboxMade) {
  REQUIRE_MEMORY_GROUP();
  EXPECT_FALSE(run_one(shell("exit 1")).was_prepared());
  for (int code = 2; code < 6; ++code) {
    const Result result = run_one(shell("echo x; exit " + std::to_string(code)));
    EXPECT_TRUE(result.was_prepared()) << code;
    EXPECT_EQ(result.report.outcome.exit.code, code);
    EXPECT_EQ(result.output, "x\n");
  }
}

constexpr const char* kWorld =
    "cut -d' ' -f3- /proc/self/mountinfo; cat /proc/self/uid_map /proc/self/cgroup /etc/passwd; "
    "id; "
    "pwd; umask; ulimit -a; env; grep -e Sig -e Cap -e Seccomp -e Groups -e NoNew -e Cpus "
    "/proc/self/status; ls -la / /tmp /dev /run /home; ls /proc/self/fd /proc/self/ns; "
    "ls /proc | grep -c '^[0-9]'";

// The lines of one text that the other lacks. Numbers that no two sandboxes share (ids of the host,
// devices without a disk, the links and times of folders) are left out.
std::string lines_lacking(const std::string& text, const std::string& other) {
  static const std::regex own{"19[0-9]{8}|0:[0-9]+ |^d[rwxt-]+ +[0-9]+|[0-9]{2}:[0-9]{2} "};
  const auto lines_of = [](const std::string& all) {
    std::set<std::string> lines;
    std::istringstream stream{all};
    for (std::string line; std::getline(stream, line);) {
      lines.insert(std::regex_replace(line, own, "N"));
    }
    return lines;
  };
  std::string lacking;
  const auto there = lines_of(other);
  for (const std::string& line : lines_of(text)) {
    if (!there.contains(line)) lacking += line + '\n';
  }
  return lacking;
}

TEST_F(Prepared, TheTestSeesWhatANewSandboxShows) {
  const Result first = run_one(shell(kWorld));
  const Result second = run_one(shell(kWorld));
  ASSERT_GT(first.output.size(), 4000U) << first.report.outcome.reason;
  EXPECT_EQ(lines_lacking(first.output, second.output), "");
  EXPECT_EQ(lines_lacking(second.output, first.output), "");
}

TEST_F(Prepared, NothingOfOneTestReachesAnother) {
  constexpr const char* kLookAndLeave =
      "find /tmp /var/tmp /dev/shm /run -type f; ipcs -m | grep 0x; "
      "echo mine > /tmp/mine; echo mine > /dev/shm/mine; ipcmk -M 4096 > /dev/null && echo left";
  for (int i = 0; i < 5; ++i) EXPECT_EQ(run_one(shell(kLookAndLeave)).output, "left\n");
}

TEST_F(Prepared, EachHasAHostIdOfItsOwn) {
  REQUIRE_ROOT();
  std::set<uid_t> ids;
  for (int i = 0; i < 4; ++i) ids.insert(run_one(shell("true")).report.identity.uid_outside);
  if (*ids.begin() < 1'900'000'000) GTEST_SKIP() << "skipped: no id-mapped mounts here";
  EXPECT_EQ(ids.size(), 4U);
}

TEST_F(Prepared, AnotherCapIsAnotherSandbox) {
  REQUIRE_MEMORY_GROUP();
  run_one(shell("true"));
  Policy capped = shell("exec tail /dev/zero");
  capped.limits.memory = Bytes{32 << 20};
  for (int i = 0; i < 3; ++i) {
    const Result result = run_one(capped);
    EXPECT_EQ(result.report.outcome.verdict, Verdict::out_of_memory);
    EXPECT_EQ(result.was_prepared(), i > 0);
  }
}

TEST_F(Prepared, AFileThatWasExchangedIsShownAsItIsNow) {
  char name[] = "/var/tmp/sandbox-prepared-XXXXXX";
  ASSERT_NE(::mkdtemp(name), nullptr);
  const std::filesystem::path folder{name};
  ::chmod(name, 0755);
  const auto install = [&](const char* word) {
    std::ofstream{folder / "new"} << "#!/bin/sh\necho " << word << '\n';
    ::chmod((folder / "new").c_str(), 0755);
    std::filesystem::rename(folder / "new", folder / "program");
  };
  install("one");
  const Policy policy = policy_of({(folder / "program").string()});
  run_one(policy);
  EXPECT_EQ(run_one(policy).output, "one\n");
  install("two");
  EXPECT_EQ(run_one(policy).output, "two\n");
  EXPECT_EQ(run_one(policy).output, "two\n");
  std::filesystem::remove_all(folder);
}

TEST_F(Prepared, TheEnvironmentIsThatOfTheRun) {
  run_one(shell("true"));
  ::setenv("OF_THIS_RUN", "yes", 1);
  EXPECT_EQ(run_one(shell("echo $OF_THIS_RUN")).output, "yes\n");
  ::unsetenv("OF_THIS_RUN");
  EXPECT_EQ(run_one(shell("echo $OF_THIS_RUN")).output, "\n");
}

TEST_F(Prepared, ATestTooLargeToHandOverGetsANewSandbox) {
  run_one(shell("true"));
  ::setenv("LARGE_A", std::string(100'000, 'x').c_str(), 1);
  Policy policy = shell("echo ${#LARGE_A} $#");
  for (int i = 0; i < 12; ++i) policy.command.emplace_back(100'000, 'y');
  const Result result = run_one(policy);
  ::unsetenv("LARGE_A");
  EXPECT_EQ(result.output, "100000 11\n") << result.report.outcome.reason;
}

TEST_F(Prepared, OneThatWasKilledMeanwhileIsReplaced) {
  REQUIRE_MEMORY_GROUP();
  run_one(shell("true"));
  // Children of this process: the spawner, and those made ahead.
  std::ifstream file{"/proc/thread-self/children"};
  std::vector<pid_t> children;
  for (pid_t pid = 0; file >> pid;) children.push_back(pid);
  ASSERT_EQ(children.size(), 3U);
  for (const pid_t made_ahead : {children[1], children[2]}) {
    ::kill(made_ahead, SIGKILL);
    siginfo_t info{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(made_ahead), &info, WEXITED | WNOWAIT), 0);
  }
  EXPECT_EQ(run_one(shell("echo alive")).output, "alive\n");
}

TEST_F(Prepared, FourAtOnce) {
  int passed = 0;
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 4; ++i) {
      runs_.start(shell("exit 0"), [&](const Report& report) {
        passed += report.outcome.verdict == Verdict::passed;
      });
    }
    serve_all(runs_);
  }
  EXPECT_EQ(passed, 40);
}

TEST(PreparedEnd, NothingIsLeft) {
  {
    Runs runs{{.executable = {}, .prepared = 4, .spawners = 2}};
    runs.start(shell("true"), [](const Report&) {});
    serve_all(runs);
    std::this_thread::sleep_for(std::chrono::milliseconds{200});
  }
  EXPECT_TRUE(has_no_child());
}

}  // namespace
}  // namespace sandbox
