// Tools that C++ teams run their tests with, under the default filter.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <string>
#include <vector>

#include "sandbox/seccomp/under.h"
#include "seccomp/profile.h"
#include "support/host.h"

namespace sandbox {
namespace {

using ::testing::HasSubstr;

struct Result {
  test::End end;
  std::string output;  // both streams
};

int exec(const std::vector<std::string>& command) {
  std::vector<char*> argv;
  argv.reserve(command.size() + 1);
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  ::execvp(argv[0], argv.data());
  return 127;
}

Result run(const std::vector<std::string>& command,
           std::span<const sock_filter> filter = standard_filter(KillWatch::off)) {
  const UniqueFd file(::memfd_create("output", MFD_CLOEXEC));
  Result result;
  result.end = test::under(filter, [&] {
    ::alarm(60);
    ::dup2(file.get(), STDOUT_FILENO);
    ::dup2(file.get(), STDERR_FILENO);
    return exec(command);
  });
  char buffer[1 << 16];
  const ssize_t size = ::pread(file.get(), buffer, sizeof buffer, 0);
  if (size > 0) result.output.assign(buffer, static_cast<std::size_t>(size));
  return result;
}

// What does not work without the filter says nothing about the filter: a sanitizer on a kernel
// whose address space it does not know, a tool that is not installed.
bool works_without_filter(const std::vector<std::string>& command, const std::string& words = "") {
  const Result result = run(command, {});
  return words.empty() ? result.end == test::End{0}
                       : result.output.find(words) != std::string::npos;
}

#define REQUIRE_WORKING(name, ...) \
  REQUIRE_HOST(works_without_filter(__VA_ARGS__), "needs a working " name, "v1-root", "v1-user")
#define WANT_WORKING(name, ...) \
  if (!works_without_filter(__VA_ARGS__)) GTEST_SKIP() << "needs a working " name

constexpr const char* kRaceFound = "WARNING: ThreadSanitizer: data race";
constexpr const char* kLeakFound = "77 byte(s) leaked in 1 allocation(s)";

TEST(SeccompPrograms, ThreadSanitizerFindsARace) {
  REQUIRE_WORKING("ThreadSanitizer", {RACE_PROGRAM}, kRaceFound);
  const Result result = run({RACE_PROGRAM});
  EXPECT_THAT(result.output, HasSubstr(kRaceFound));
  EXPECT_EQ(result.end, (test::End{66})) << result.output;
}

TEST(SeccompPrograms, LeakSanitizerFindsALeak) {
  REQUIRE_WORKING("AddressSanitizer", {LEAK_PROGRAM}, kLeakFound);
  const Result result = run({LEAK_PROGRAM});
  EXPECT_THAT(result.output, HasSubstr(kLeakFound));
  EXPECT_EQ(result.end, (test::End{1})) << result.output;
}

TEST(SeccompPrograms, GdbRunsAProgramToABreakpoint) {
  REQUIRE_WORKING("gdb", {"gdb", "--version"});
  const Result result = run({"gdb", "-nx", "-batch", "-ex", "break main", "-ex", "run", "-ex",
                             "backtrace", "-ex", "continue", PLAIN_LEAK_PROGRAM});
  EXPECT_THAT(result.output, HasSubstr("#0  main"));
  EXPECT_EQ(result.end, (test::End{0})) << result.output;
}

TEST(SeccompPrograms, StraceFollowsChildren) {
  REQUIRE_WORKING("strace", {"strace", "true"});
  const Result result = run({"strace", "-f", "-e", "trace=execve", "sh", "-c", "/bin/true; true"});
  EXPECT_THAT(result.output, HasSubstr("execve(\"/bin/true\""));
  EXPECT_EQ(result.end, (test::End{0})) << result.output;
}

TEST(SeccompPrograms, ValgrindFindsALeak) {
  REQUIRE_WORKING("valgrind", {"valgrind", "true"});
  const Result result =
      run({"valgrind", "-q", "--leak-check=full", "--error-exitcode=9", PLAIN_LEAK_PROGRAM});
  EXPECT_THAT(result.output, HasSubstr("77 bytes in 1 blocks are definitely lost"));
  EXPECT_EQ(result.end, (test::End{9})) << result.output;
}

TEST(SeccompPrograms, PythonStartsThreadsProcessesAndSockets) {
  REQUIRE_WORKING("python3", {"python3", "--version"});
  const Result result = run({"python3", "-c",
                             "import multiprocessing, socket, subprocess, threading\n"
                             "threading.Thread(target=print).start()\n"
                             "subprocess.run(['true'], check=True)\n"
                             "with multiprocessing.Pool(2) as pool: print(pool.map(abs, [-1]))\n"
                             "socket.create_server(('127.0.0.1', 0)).close()\n"});
  EXPECT_EQ(result.end, (test::End{0})) << result.output;
}

TEST(SeccompPrograms, NodeStartsWorkers) {
  WANT_WORKING("node", {"node", "--version"});
  const Result result = run({"node", "-e",
                             "const { Worker } = require('worker_threads');"
                             "new Worker('process.exit(5)', { eval: true })"
                             ".on('exit', (code) => process.exit(code));"});
  EXPECT_EQ(result.end, (test::End{5})) << result.output;
}

TEST(SeccompPrograms, JavaStarts) {
  WANT_WORKING("java", {"java", "-version"});
  const Result result = run({"java", "-version"});
  EXPECT_EQ(result.end, (test::End{0})) << result.output;
}

TEST(SeccompPrograms, BubblewrapWorksWhereUsernsIsAllowed) {
  const std::vector<std::string> command{"bwrap",         "--ro-bind", "/",     "/",
                                         "--unshare-pid", "--proc",    "/proc", "true"};
  REQUIRE_WORKING("bwrap", command);
  EXPECT_EQ(run(command, build_filter({"userns"}, KillWatch::off)).end, (test::End{0}));
  EXPECT_NE(run(command).end, (test::End{0}));
}

}  // namespace
}  // namespace sandbox
