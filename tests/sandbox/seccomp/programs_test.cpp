// Tools that C++ teams run their tests with, under the default filter.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <string>
#include <vector>

#include "sandbox/seccomp/under.h"
#include "seccomp/profile.h"

namespace sandbox {
namespace {

using testing::HasSubstr;

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

bool installed(const std::string& program) {
  return run({"sh", "-c", "command -v " + program}, {}).end == test::End{0};
}

#define REQUIRE_PROGRAM(name) \
  if (!installed(name)) GTEST_SKIP() << "needs " << name

TEST(SeccompPrograms, ThreadSanitizerFindsARace) {
  // With more random mmap bits than its run-time knows it starts nowhere.
  if (run({RACE_PROGRAM}, {}).end != test::End{66}) GTEST_SKIP() << "needs ThreadSanitizer";
  const Result result = run({RACE_PROGRAM});
  EXPECT_THAT(result.output, HasSubstr("WARNING: ThreadSanitizer: data race"));
  EXPECT_EQ(result.end, (test::End{66})) << result.output;
}

TEST(SeccompPrograms, LeakSanitizerFindsALeak) {
  const Result result = run({LEAK_PROGRAM});
  EXPECT_THAT(result.output, HasSubstr("77 byte(s) leaked in 1 allocation(s)"));
  EXPECT_EQ(result.end, (test::End{1})) << result.output;
}

TEST(SeccompPrograms, GdbRunsAProgramToABreakpoint) {
  REQUIRE_PROGRAM("gdb");
  const Result result = run({"gdb", "-nx", "-batch", "-ex", "break main", "-ex", "run", "-ex",
                             "backtrace", "-ex", "continue", PLAIN_LEAK_PROGRAM});
  EXPECT_THAT(result.output, HasSubstr("#0  main"));
  EXPECT_EQ(result.end, (test::End{0})) << result.output;
}

TEST(SeccompPrograms, StraceFollowsChildren) {
  REQUIRE_PROGRAM("strace");
  const Result result = run({"strace", "-f", "-e", "trace=execve", "sh", "-c", "/bin/true; true"});
  EXPECT_THAT(result.output, HasSubstr("execve(\"/bin/true\""));
  EXPECT_EQ(result.end, (test::End{0})) << result.output;
}

TEST(SeccompPrograms, ValgrindFindsALeak) {
  REQUIRE_PROGRAM("valgrind");
  const Result result =
      run({"valgrind", "-q", "--leak-check=full", "--error-exitcode=9", PLAIN_LEAK_PROGRAM});
  EXPECT_THAT(result.output, HasSubstr("77 bytes in 1 blocks are definitely lost"));
  EXPECT_EQ(result.end, (test::End{9})) << result.output;
}

TEST(SeccompPrograms, PythonStartsThreadsProcessesAndSockets) {
  REQUIRE_PROGRAM("python3");
  const Result result = run({"python3", "-c",
                             "import multiprocessing, socket, subprocess, threading\n"
                             "threading.Thread(target=print).start()\n"
                             "subprocess.run(['true'], check=True)\n"
                             "with multiprocessing.Pool(2) as pool: print(pool.map(abs, [-1]))\n"
                             "socket.create_server(('127.0.0.1', 0)).close()\n"});
  EXPECT_EQ(result.end, (test::End{0})) << result.output;
}

TEST(SeccompPrograms, NodeStartsWorkers) {
  REQUIRE_PROGRAM("node");
  const Result result = run({"node", "-e",
                             "const { Worker } = require('worker_threads');"
                             "new Worker('process.exit(5)', { eval: true })"
                             ".on('exit', (code) => process.exit(code));"});
  EXPECT_EQ(result.end, (test::End{5})) << result.output;
}

TEST(SeccompPrograms, JavaStarts) {
  REQUIRE_PROGRAM("java");
  const Result result = run({"java", "-version"});
  EXPECT_EQ(result.end, (test::End{0})) << result.output;
}

TEST(SeccompPrograms, BubblewrapWorksWhereUsernsIsAllowed) {
  REQUIRE_PROGRAM("bwrap");
  const std::vector<std::string> command{"bwrap",         "--ro-bind", "/",     "/",
                                         "--unshare-pid", "--proc",    "/proc", "true"};
  if (run(command, {}).end != test::End{0}) GTEST_SKIP() << "needs user namespaces";
  EXPECT_EQ(run(command, build_filter({"userns"}, KillWatch::off)).end, (test::End{0}));
  EXPECT_NE(run(command).end, (test::End{0}));
}

}  // namespace
}  // namespace sandbox
