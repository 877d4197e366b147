// Each TEST does one thing. C++14.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sandbox/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

using namespace sandbox::literals;

std::unique_ptr<char[]> eat(std::uint64_t bytes) {
  std::unique_ptr<char[]> memory{new char[bytes]};
  std::memset(memory.get(), 1, bytes);
  volatile char sink = memory[bytes - 1];
  (void)sink;
  return memory;
}

void sleep_a_minute() {
  ::sleep(60);
}

// --- figures

TEST(Figures, Large) {
  eat(48_MiB);
}

TEST(Figures, Small) {}

// Those of whoever started the sandbox.
class Cpus : public testing::TestWithParam<int> {};
TEST_P(Cpus, AreAll) {
  cpu_set_t own;
  ASSERT_EQ(::sched_getaffinity(0, sizeof own, &own), 0);
  const char* const number = std::getenv("CPUS");
  EXPECT_EQ(CPU_COUNT(&own), number ? std::atoi(number) : CPU_COUNT(&own));
}
INSTANTIATE_TEST_SUITE_P(All, Cpus, testing::Range(0, 6));

TEST(Figures, Computes) {
  const std::clock_t until = std::clock() + CLOCKS_PER_SEC / 4;
  while (std::clock() < until) {
  }
}

TEST(Figures, AChildComputes) {
  const pid_t child = ::fork();
  if (child == 0) {
    const std::clock_t until = std::clock() + CLOCKS_PER_SEC / 4;
    while (std::clock() < until) {
    }
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
}

TEST(Figures, Usage) {
  const sandbox::TestUsage before = sandbox::usage();
  const auto memory = eat(40_MiB);
  const sandbox::TestUsage after = sandbox::usage();
  std::fprintf(stderr, "usage: %d %lld\n", after.known,
               static_cast<long long>(after.memory_grown_bytes - before.memory_grown_bytes));
}

class Suite : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { memory_ = eat(48_MiB); }
  static void TearDownTestSuite() { memory_.reset(); }
  static std::unique_ptr<char[]> memory_;
};
std::unique_ptr<char[]> Suite::memory_;

TEST_F(Suite, UsesLittleItself) {}

// --- budgets and leaks

TEST(Budget, Over) {
  SANDBOX_MEMORY_BUDGET(16_MiB);
  eat(48_MiB);
}

TEST(Budget, Within) {
  SANDBOX_MEMORY_BUDGET(64_MiB);
  SANDBOX_NO_LEAKS();
  eat(8_MiB);
}

TEST(Leaks, Process) {
  SANDBOX_NO_LEAKS();
  if (::fork() == 0) {
    sleep_a_minute();
    ::_exit(0);
  }
}

TEST(Leaks, Thread) {
  SANDBOX_NO_LEAKS();
  std::thread{sleep_a_minute}.detach();
}

TEST(Leaks, Descriptor) {
  SANDBOX_NO_LEAKS();
  ASSERT_GE(::dup(0), 0);
}

// --- ends

TEST(Ends, Passes) {}

TEST(Ends, Fails) {
  FAIL() << "as it should";
}

TEST(Ends, Skips) {
  GTEST_SKIP() << "as it should";
}

TEST(Ends, Throws) {
  throw std::runtime_error("as it should");
}

TEST(Dies, OfSegv) {
  ::raise(SIGSEGV);
}

TEST(Dies, OfMemory) {
  for (;;) eat(16_MiB).release();
}

TEST(Dies, NotButHangs) {
  sleep_a_minute();
}

TEST(Dies, ByExit) {
  ::_exit(0);
}

TEST(Dies, ByExitWithACode) {
  std::exit(3);
}

TEST(Dies, NotButAChildDoesOfMemory) {
  const pid_t child = ::fork();
  if (child == 0) {
    for (;;) eat(16_MiB).release();
  }
  ::waitpid(child, nullptr, 0);
}

// --- what must not disturb the listener, nor be disturbed by it

TEST(Reuses, ClosesAll) {
  SANDBOX_MEMORY_BUDGET(64_MiB);
  for (int fd = 3; fd < 1024; ++fd) ::close(fd);
  for (int fd = 3; fd < 80; ++fd) ASSERT_EQ(::open("/dev/null", O_WRONLY), fd);
}

TEST(Reuses, ItsOwnDescriptors) {
  for (int fd = 3; fd < 80; ++fd) EXPECT_EQ(::write(fd, "x", 1), 1) << fd;
}

TEST(Closes, AllDescriptors) {
  for (int fd = 3; fd < 1024; ++fd) ::close(fd);
}

TEST(Closes, ThoughAServerHoldsThem) {
  if (::fork() == 0) {
    ::alarm(60);
    while (true) ::pause();
  }
  for (int fd = 3; fd < 1024; ++fd) ::close(fd);
}

TEST(ClosesThen, Passes) {}

TEST(ClosesThen, Crashes) {
  ::raise(SIGSEGV);
}

void say_and_die() {
  std::fputs("dying\n", stderr);
  ::_exit(1);
}

TEST(OthersDeathTest, ThatForbidsLeaks) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  SANDBOX_NO_LEAKS();
  EXPECT_EXIT(say_and_die(), ::testing::ExitedWithCode(1), "^dying");
}

TEST(Others, ThreadsThatWereJoinedAreNoLeak) {
  SANDBOX_NO_LEAKS();
  for (int i = 0; i < 50; ++i) std::thread{[] {}}.join();
}

void die() {
  ::abort();
}

TEST(OthersDeathTest, Fast) {
  ::testing::FLAGS_gtest_death_test_style = "fast";
  EXPECT_DEATH(die(), "");
}

TEST(OthersDeathTest, ThreadSafe) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(die(), "");
}

TEST(Others, AreStartedByATest) {
  char self[4096] = {};
  ASSERT_GT(::readlink("/proc/self/exe", self, sizeof self - 1), 0);
  EXPECT_NE(std::system((std::string{self} + " --gtest_filter=Ends.Fails > /dev/null").c_str()), 0);
}

class Parameterised : public ::testing::TestWithParam<int> {};
TEST_P(Parameterised, Passes) {
  EXPECT_GT(GetParam(), 0);
}
INSTANTIATE_TEST_SUITE_P(Numbers, Parameterised, ::testing::Values(1, 2));

template <typename T>
class Typed : public ::testing::Test {};
using Types = ::testing::Types<int, char>;
TYPED_TEST_SUITE(Typed, Types);
TYPED_TEST(Typed, Passes) {
  EXPECT_EQ(TypeParam{}, TypeParam{});
}

}  // namespace
