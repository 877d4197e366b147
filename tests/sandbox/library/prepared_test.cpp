// Sandboxes made ahead: each is what a new one would be, and is used once.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
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

// Where everybody may look, and gone afterwards. Not in a place that starts empty inside, where
// this process may choose.
class Folder {
 public:
  Folder() {
    if (!::mkdtemp(name_)) {
      std::strcpy(name_, "/var/tmp/sandbox-test-XXXXXX");
      if (!::mkdtemp(name_)) throw std::runtime_error{"no folder for the test"};
    }
    ::chmod(name_, 0755);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(name_, ignored);
  }
  std::string path(const std::string& file) const {
    return file.empty() ? name_ : std::string{name_} + "/" + file;
  }

 private:
  char name_[40] = "/srv/sandbox-test-XXXXXX";
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
    await_prepared();
    return result;
  }

  // The spawner's and theirs.
  static std::size_t children() {
    std::ifstream file{"/proc/thread-self/children"};
    return static_cast<std::size_t>(std::distance(std::istream_iterator<int>{file}, {}));
  }

  void await_prepared() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (children() != 1 + kPrepared && std::chrono::steady_clock::now() < deadline) {
      pollfd news{runs_.fd(), POLLIN, 0};
      ::poll(&news, 1, 5);
      runs_.dispatch();
    }
  }

  static constexpr unsigned kPrepared = 2;
  Runs runs_{{.executable = {}, .prepared = kPrepared, .spawners = 1}};
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
  static const std::regex blanks{" +"};  // ls makes its columns as wide as those numbers
  const auto lines_of = [](const std::string& all) {
    std::set<std::string> lines;
    std::istringstream stream{all};
    for (std::string line; std::getline(stream, line);) {
      lines.insert(std::regex_replace(std::regex_replace(line, own, "N"), blanks, " "));
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

// docs/channel.md
constexpr const char* kTellAndDie = R"(
import os, socket, sys
channel = socket.socket(fileno=int(os.environ["SANDBOX_CHANNEL_FD"]))
def ask(text): channel.send(text.encode()); return channel.recv(8192)
ask('{"v": 1, "do": "baseline"}')
channel.send(b'{"v": 1, "do": "test-start", "test": "S.First"}')
ask('{"v": 1, "do": "test-end", "result": "passed"}')
channel.send(b'{"v": 1, "do": "test-start", "test": "S.Second"}')
os.abort())";

TEST_F(Prepared, ItsListenerIsHeard) {
  REQUIRE_MEMORY_GROUP();
  for (const bool prepared : {false, true, true}) {
    const Result result = run_one(policy_of({"/usr/bin/python3", "-c", kTellAndDie}));
    EXPECT_EQ(result.was_prepared(), prepared);
    EXPECT_EQ(result.report.outcome.test, "S.Second") << result.output;
    ASSERT_EQ(result.report.tests.size(), 2U) << result.output;
    EXPECT_EQ(result.report.tests[0].result, "passed");
    EXPECT_TRUE(result.report.tests[0].wall_seconds);
    EXPECT_EQ(result.report.tests[1].result, "unfinished");
  }
}

TEST_F(Prepared, NothingOfOneTestReachesAnother) {
  constexpr const char* kLookAndLeave =
      "find /tmp /var/tmp /dev/shm /run -type f; ipcs -m | grep 0x; "
      "echo mine > /tmp/mine; echo mine > /dev/shm/mine; ipcmk -M 4096 > /dev/null && echo left";
  for (int i = 0; i < 5; ++i) EXPECT_EQ(run_one(shell(kLookAndLeave)).output, "left\n");
}

TEST_F(Prepared, EachHasAHostIdOfItsOwnWhereMountsTakeOne) {
  REQUIRE_ROOT();
  std::set<uid_t> ids;
  for (int i = 0; i < 4; ++i) ids.insert(run_one(shell("true")).report.identity.uid_outside);
  EXPECT_EQ(ids.size(), takes_id_maps_here() ? 4U : 1U);
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
  const Folder place;
  const std::filesystem::path folder{place.path("")};
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
}

// The kernel takes away a mount whose place is removed in another namespace (rmdir(2), since Linux
// 3.18): one that waits would then show what lies below.
TEST_F(Prepared, APlaceThatWasMadeAnewIsMountedOnAnew) {
  const Folder folder;
  const std::string place = folder.path("scratch");
  const auto make_place = [&] {
    std::filesystem::remove_all(place);
    std::filesystem::create_directory(place);
    std::ofstream{place + "/of-the-host"} << "x";
  };
  make_place();
  Policy policy = shell("ls " + place + "; echo x > " + place + "/written && echo wrote");
  policy.mounts = {{MountKind::tmpfs, "", place, std::nullopt, "--tmpfs " + place}};
  run_one(policy);
  EXPECT_EQ(run_one(policy).output, "wrote\n");
  make_place();
  EXPECT_EQ(run_one(policy).output, "wrote\n");
}

TEST_F(Prepared, ADeclaredOutputThatWasMadeAnewIsWritten) {
  const Folder folder;
  const std::string file = folder.path("out.xml");
  Policy policy = shell("echo result > " + file);
  policy.command.push_back("--gtest_output=xml:" + file);
  policy.project = {Project::Choice::directory, folder.path("")};
  for (int i = 0; i < 4; ++i) {
    const Result result = run_one(policy);
    EXPECT_EQ(result.report.outcome.verdict, Verdict::passed) << i << ": " << result.output;
    std::string line;
    std::ifstream{file} >> line;
    EXPECT_EQ(line, "result") << i;
    std::filesystem::remove(file);
    if (i == 1) std::ofstream{file} << "";
  }
}

// The kernel moves a mount with its place, and tells nobody.
TEST_F(Prepared, APlaceThatWasRenamedIsMountedOnAnew) {
  const Folder folder;
  const std::string place = folder.path("place");
  ASSERT_EQ(::mkdir(place.c_str(), 0755), 0);
  std::ofstream{place + "/hosts"} << "";
  Policy policy = shell("ls " + place + " && echo mine > " + place + "/mine");
  policy.mounts = {{MountKind::tmpfs, "", place, std::nullopt, "--tmpfs " + place}};
  for (int i = 0; i < 4; ++i) {
    const Result result = run_one(policy);
    EXPECT_EQ(result.report.outcome.verdict, Verdict::passed) << i;
    EXPECT_EQ(result.output, "") << i;
    await_prepared();
    std::filesystem::rename(place, folder.path("old" + std::to_string(i)));
    ASSERT_EQ(::mkdir(place.c_str(), 0755), 0);
    std::ofstream{place + "/hosts"} << "";
  }
}

TEST_F(Prepared, ItsProcessIsTheTests) {
  ::setenv("LARGE_A", std::string(100'000, 'x').c_str(), 1);
  Policy policy = shell("exit 7");
  for (int i = 0; i < 12; ++i)
    policy.command.emplace_back(100'000, 'y');  // more than it can be given
  run_one(policy);
  const auto id = runs_.start(policy, [](const Report&) {});
  const auto process = runs_.take_process(id);
  ::unsetenv("LARGE_A");
  ASSERT_TRUE(process);
  int status = -1;
  ASSERT_EQ(::waitpid(process->pid, &status, 0), process->pid);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7) << status;
  ::close(process->pidfd);
  serve_all(runs_);
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
