#include "launch/lean_clone.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sys/files.h"

namespace sandbox {
namespace {

// By the kernel's own list.
bool is_mapped(pid_t pid, const void* address) {
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  const std::string maps = read_file("/proc/" + std::to_string(pid) + "/maps").value_or("");
  for (const std::string_view line : split(maps, '\n')) {
    const std::string range{line.substr(0, line.find(' '))};
    const std::uintptr_t begin = std::stoull(range, nullptr, 16);
    const std::uintptr_t end = std::stoull(range.substr(range.find('-') + 1), nullptr, 16);
    if (wanted >= begin && wanted < end) return true;
  }
  return false;
}

// As clone3 makes it: fork(2) of libc touches the heap afterwards.
class Clone {
 public:
  Clone()
      : pid_(static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, 0UL))) {
    while (pid_ == 0) ::syscall(SYS_ppoll, nullptr, 0, nullptr, nullptr, 0);
  }
  Clone(const Clone&) = delete;
  Clone& operator=(const Clone&) = delete;
  ~Clone() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

struct Sample {
  std::vector<const char*> argv{"./t", nullptr};
  std::vector<const char*> envp{nullptr};
  // Of a size that malloc takes from the end of the heap, and does not map by itself.
  std::string executable = std::string(100'000, 'x');
  child::TestProgram test{};
  child::Program program{};

  Sample() {
    test.executable = executable.c_str();
    test.argv = argv.data();
    test.envp = envp.data();
    program.test = &test;
    program.control_fd = 7;
  }
};

TEST(LeanClone, HasNoHeapButItsProgram) {
  const auto sample = std::make_unique<Sample>();
  const LeanClone lean{sample->program};
  const Clone clone;
  EXPECT_TRUE(is_mapped(::getpid(), sample->executable.c_str()));
  EXPECT_FALSE(is_mapped(clone.pid(), sample->executable.c_str()));
  EXPECT_TRUE(is_mapped(clone.pid(), &lean.program()));
  EXPECT_TRUE(is_mapped(clone.pid(), lean.program().test->executable));
  EXPECT_EQ(lean.program().control_fd, 7);
  EXPECT_EQ(lean.program().test->executable, sample->executable);
}

TEST(LeanClone, IsOverWithTheObject) {
  const auto sample = std::make_unique<Sample>();
  { const LeanClone lean{sample->program}; }
  const Clone clone;
  EXPECT_TRUE(is_mapped(clone.pid(), sample->executable.c_str()));
}

// A program that is too large for the copy runs from the heap.
TEST(LeanClone, OfALargeProgramIsAnOrdinaryOne) {
  const auto sample = std::make_unique<Sample>();
  const std::string word(std::size_t{2} << 20, 'x');
  sample->argv[0] = word.c_str();
  const LeanClone lean{sample->program};
  const Clone clone;
  EXPECT_EQ(&lean.program(), &sample->program);
  EXPECT_TRUE(is_mapped(clone.pid(), sample->executable.c_str()));
}

TEST(LeanClone, HasWhatThreadsKeepToThemselves) {
  static thread_local int own = 1;
  const auto sample = std::make_unique<Sample>();
  const LeanClone lean{sample->program};
  const Clone clone;
  EXPECT_TRUE(is_mapped(clone.pid(), &own));
  EXPECT_TRUE(is_mapped(clone.pid(), &errno));
}

}  // namespace
}  // namespace sandbox
