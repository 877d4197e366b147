// TESTs that end their program in all sorts of ways, for sandbox-gtest. No listener.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

namespace {

// --- plain

TEST(Plain, Passes) {
  RecordProperty("key", "value");
}

TEST(Plain, Fails) {
  std::printf("said before\n");
  EXPECT_EQ(1, 2) << "a <b> & \"c\" ]]> d";
  ADD_FAILURE() << "second";
}

TEST(Plain, Skips) {
  GTEST_SKIP() << "not today";
}

TEST(Plain, DISABLED_Never) {}

class Values : public testing::TestWithParam<int> {};
TEST_P(Values, AreSmall) {
  EXPECT_LT(GetParam(), 2);
}
INSTANTIATE_TEST_SUITE_P(All, Values, testing::Values(1, 2));

template <typename T>
class Types : public testing::Test {};
using Two = testing::Types<int, char>;
TYPED_TEST_SUITE(Types, Two);
TYPED_TEST(Types, Exist) {}

// --- ends of the program

TEST(Ends, A) {}
TEST(Ends, ByCrash) {
  std::printf("last words\n");
  std::fflush(stdout);
  ::raise(SIGSEGV);
}
TEST(Ends, B) {
  EXPECT_TRUE(false) << "before the next crash";
}
TEST(Ends, ByExit) {
  std::exit(0);
}
TEST(Ends, ByExitWithFour) {
  ::_exit(4);
}
TEST(Ends, ByAbort) {
  std::abort();
}
TEST(Ends, C) {}

// --- what looks like gtest's words

TEST(Forges, OthersLines) {
  std::printf("[ RUN      ] Ends.A\n[       OK ] Ends.A (0 ms)\n[  FAILED  ] Ends.A (0 ms)\n");
  std::printf("[==========] 1 test from 1 test suite ran. (0 ms total)\n[  PASSED  ] 1 test.\n");
}
TEST(Forges, NoNewline) {
  std::printf("no newline");
}
TEST(Forges, ThenCrashes) {
  std::printf("[       OK ] Forges.NoNewline (0 ms)\n");
  std::fflush(stdout);
  ::raise(SIGSEGV);
}

// --- between TESTs

class BadSetUp : public testing::Test {
 public:
  static void SetUpTestSuite() {
    std::printf("setting up\n");
    std::fflush(stdout);
    if (!std::getenv("GOOD_SETUP")) ::raise(SIGSEGV);
  }
};
TEST_F(BadSetUp, One) {}
TEST_F(BadSetUp, Two) {}

// Its child goes on in gtest to the end, and writes the XML.
TEST(Child, TakesItsParentsWay) {
  if (::fork() == 0) return;
  ::wait(nullptr);
  EXPECT_EQ(1, 2);
  std::fflush(nullptr);
  ::_exit(0);
}

TEST(Größe, 中文) {}

// As a program that cleans up at SIGTERM, for too long.
TEST(Stubborn, OutlivesItsTime) {
  ::signal(SIGTERM, SIG_IGN);
  for (int i = 0; i < 13; ++i) ::usleep(100'000);
}
TEST(Stubborn, ComesAfter) {}

class StuckSetUp : public testing::Test {
 public:
  static void SetUpTestSuite() { ::sleep(60); }
};
TEST_F(StuckSetUp, One) {}

class BadTearDown : public testing::Test {
 public:
  static void TearDownTestSuite() { ::raise(SIGSEGV); }
};
TEST_F(BadTearDown, One) {}
TEST_F(BadTearDown, Two) {}

TEST(After, IsRun) {}

TEST(AtExit, Crashes) {
  std::atexit([] { ::raise(SIGSEGV); });
}

// --- what gtest fails without a TEST

class FailingTearDown : public testing::Test {
 public:
  static void TearDownTestSuite() { ADD_FAILURE() << "tear-down"; }
};
TEST_F(FailingTearDown, One) {}

class WordsBefore : public testing::Test {
 public:
  static void SetUpTestSuite() { std::printf("setting up ..."); }
};
TEST_F(WordsBefore, Crashes) {
  ::raise(SIGSEGV);
}
TEST_F(WordsBefore, Passes) {}

// --- what is hard to write down

TEST(Hard, LongLine) {
  std::printf("%s\n", std::string(100000, 'x').c_str());
  std::fflush(stdout);
  std::abort();
}
TEST(Hard, NoUtf8) {
  ADD_FAILURE() << "bad \xff\xfe";
  std::abort();
}

// The child goes on in gtest, to the end and its XML.
TEST(Forks, ThenExits) {
  const pid_t child = ::fork();
  if (child == 0) return;
  ::waitpid(child, nullptr, 0);
  ::_exit(0);
}

class Named : public testing::Test {
 public:
  explicit Named(bool crashes) : crashes_(crashes) {}
  void TestBody() override {
    if (crashes_) ::raise(SIGSEGV);
  }

 private:
  bool crashes_;
};
const bool named = [] {
  for (const char* name : {"a-b", "c:d", "e*", "f"})
    testing::RegisterTest("Odd", name, nullptr, nullptr, __FILE__, __LINE__,
                          [name]() -> Named* { return new Named{*name == 'a'}; });
  return true;
}();

// --- time, and luck

TEST(Slow, Sleeps) {
  ::sleep(60);
}
TEST(Slow, IsQuick) {}

// Passes once the file $LUCK is there, and makes it.
TEST(Luck, ComesSecond) {
  const std::string path = std::string{std::getenv("LUCK")} + "/luck";
  const bool there = ::access(path.c_str(), F_OK) == 0;
  std::ofstream{path} << "1";
  EXPECT_TRUE(there);
}

TEST(Unluck, SkipsSecond) {
  const std::string path = std::string{std::getenv("LUCK")} + "/unluck";
  if (::access(path.c_str(), F_OK) == 0) GTEST_SKIP();
  std::ofstream{path} << "1";
  FAIL();
}

TEST(Floods, ForEver) {
  while (true) std::puts("words");
}

TEST(World, ShowsItsShard) {
  std::printf("shards: %s\n", std::getenv("GTEST_TOTAL_SHARDS") ? "seen" : "none");
}

TEST(World, DeathTest) {
  EXPECT_DEATH(std::abort(), "");
}

TEST(Errors, AreWrittenToo) {
  std::fprintf(stderr, "to stderr\n");
  ADD_FAILURE();
}

}  // namespace
