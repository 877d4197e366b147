#include "supervise/processes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

namespace sandbox {
namespace {

// A child with one child of its own; both wait on `block`, and end when its other side is closed.
class Family {
 public:
  Family() {
    EXPECT_EQ(0, ::pipe(block_));
    EXPECT_EQ(0, ::pipe(ready_));
    child_ = ::fork();
    if (child_ == 0) live();
    char byte;
    EXPECT_EQ(1, ::read(ready_[0], &byte, 1));
  }
  Family(const Family&) = delete;
  Family& operator=(const Family&) = delete;
  ~Family() {
    ::close(block_[1]);
    ::waitpid(child_, nullptr, 0);
  }
  pid_t child() const { return child_; }

 private:
  [[noreturn]] void live() {
    ::alarm(30);
    ::close(block_[1]);
    char byte = 0;
    if (::fork() == 0) {
      ::alarm(30);
      (void)!::write(ready_[1], &byte, 1);
    }
    (void)!::read(block_[0], &byte, 1);
    ::waitpid(-1, nullptr, 0);
    ::_exit(0);
  }
  int block_[2]{};
  int ready_[2]{};
  pid_t child_ = -1;
};

TEST(Processes, FindsGrandchildren) {
  const Family family;
  const auto below = processes_below(::getpid());
  EXPECT_THAT(below, testing::Contains(family.child()));
  EXPECT_EQ(1u, processes_below(family.child()).size());
}

TEST(Processes, SaysWhereAThreadWaits) {
  const Family family;
  std::vector<ThreadState> threads;
  // The child may still be on its way into read(2): look until it is there.
  for (int i = 0; i < 1000; ++i) {
    threads = describe_threads({family.child()}, 10);
    ASSERT_EQ(1u, threads.size());
    if (threads[0].system_call == "read") break;
    std::this_thread::yield();
  }
  EXPECT_EQ("read", threads[0].system_call);
  EXPECT_EQ("S (sleeping)", threads[0].state);
  EXPECT_EQ(family.child(), threads[0].pid);
  EXPECT_FALSE(threads[0].command_line.empty());
  EXPECT_TRUE(threads[0].cpu_seconds.has_value());
}

TEST(Processes, StopsAtTheMost) {
  EXPECT_EQ(1u, describe_processes({::getpid(), ::getppid()}, 1).size());
}

TEST(Processes, APidThatIsGoneIsLeftOut) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  ::waitpid(pid, nullptr, 0);
  EXPECT_THAT(describe_threads({pid}, 10), testing::IsEmpty());
  EXPECT_THAT(processes_below(pid), testing::IsEmpty());
}

}  // namespace
}  // namespace sandbox
