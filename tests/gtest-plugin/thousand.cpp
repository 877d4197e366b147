// Many TESTs that pass, and among them eleven that each do one thing wrong. How many in all:
// $THOUSAND (1000). With LISTENER it links sandbox::gtest, and the daemon that is left over is
// told.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#ifdef LISTENER
#include <sandbox/gtest.h>
#else
#define SANDBOX_NO_LEAKS() (void)0
#endif

namespace {

void eat_too_much() {
  constexpr std::size_t kBytes = std::size_t{512} << 20;  // the caller's cap is lower
  std::unique_ptr<char[]> memory{new char[kBytes]};
  std::memset(memory.get(), 1, kBytes);
  volatile char sink = memory[kBytes - 1];
  (void)sink;
}

void crash() {
  ::raise(SIGSEGV);
}

void eat_in_a_child() {
  const pid_t child = ::fork();
  if (child == 0) {
    eat_too_much();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

void hang() {
  while (true) ::pause();
}

void end_quietly() {
  ::_exit(0);
}

void leave_a_daemon() {
  SANDBOX_NO_LEAKS();
  if (::fork() != 0) return;
  ::setsid();
  ::alarm(60);
  while (true) ::pause();
}

// Until the cap on processes ends it.
void bomb() {
  constexpr int kMost = 3000;
  for (int i = 0; i < kMost; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(60);
      while (true) ::pause();
    }
    if (child < 0) FAIL() << "fork " << i << " was refused";
  }
}

void kill_init() {
  EXPECT_NE(::kill(1, SIGKILL), 0);  // the kernel spares it, and says nothing
}

struct Wrong {
  const char* name;
  void (*act)();
};
constexpr Wrong kWrong[] = {
    {"SegfaultA", crash},         {"OomA", eat_too_much}, {"SegfaultB", crash},
    {"ChildOom", eat_in_a_child}, {"Hang", hang},         {"Exit", end_quietly},
    {"Daemon", leave_a_daemon},   {"ForkBomb", bomb},     {"KillsInit", kill_init},
    {"SegfaultC", crash},         {"OomB", eat_too_much}};
constexpr int kWrongs = static_cast<int>(sizeof kWrong / sizeof *kWrong);

class Test : public testing::Test {
 public:
  explicit Test(void (*act)()) : act_(act) {}
  void TestBody() override {
    if (act_) act_();
  }

 private:
  void (*act_)();
};

void add(int number, const std::string& name, void (*act)()) {
  const std::string suite = "Suite" + std::to_string(number / 50);
  testing::RegisterTest(suite.c_str(), name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                        [act]() -> Test* { return new Test{act}; });
}

bool add_all() {
  const char* const wanted = std::getenv("THOUSAND");
  const int count = wanted ? std::atoi(wanted) : 1000;
  const int distance = count / kWrongs;
  for (int i = 0; i < count; ++i) {
    const int wrong = i % distance == distance / 2 ? i / distance : kWrongs;
    if (wrong < kWrongs) {
      add(i, kWrong[wrong].name, kWrong[wrong].act);
    } else {
      add(i, "Passes" + std::to_string(i), nullptr);
    }
  }
  return count > 0;
}

const bool added = add_all();

}  // namespace
