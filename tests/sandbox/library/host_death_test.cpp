// However a host ends, its sandboxes and their groups go with it.
#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>

#include <csignal>
#include <filesystem>
#include <thread>

#include "cgroup/site.h"
#include "sandbox/library/await.h"
#include "sandbox/runs.h"

namespace sandbox {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the project's own helpers

// Groups of runs beneath this process's own.
std::size_t groups_here() {
  std::size_t count = 0;
  for (const GroupPlace& place : find_site(read_cgroup_view()).places) {
    for (const auto& entry : std::filesystem::directory_iterator{place.directory}) {
      count += entry.path().filename().string().starts_with("sandbox-exec-");
    }
  }
  return count;
}

template <typename Done>
bool eventually(Done done) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return true;
}

// Orphans become ours: those that died are reaped, those that live are found.
bool no_orphan() {
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
  return has_no_child();
}

class HostDeath : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0); }
  void TearDown() override { ::prctl(PR_SET_CHILD_SUBREAPER, 0); }
};

[[noreturn]] void be_host(int runs_at_once) {
  Runs runs;
  for (int i = 0; i < runs_at_once; ++i) {
    runs.start(shell("sleep 1000 & sleep 1000"), [](const Report&) {});
  }
  for (;;) {
    pollfd ready{runs.fd(), POLLIN, 0};
    ::poll(&ready, 1, -1);
    runs.dispatch();
  }
}

TEST_F(HostDeath, AtAnyMomentLeavesNothing) {
  const std::size_t before = groups_here();
  for (int microseconds = 0; microseconds < 24'000; microseconds += 600) {
    const pid_t host = ::fork();
    if (host == 0) be_host(3);
    std::this_thread::sleep_for(std::chrono::microseconds{microseconds});  // the moment is the test
    ::kill(host, SIGKILL);
    ASSERT_TRUE(eventually(no_orphan)) << "killed after " << microseconds << " us";
    ASSERT_TRUE(eventually([&] { return groups_here() == before; }))
        << "killed after " << microseconds << " us";
  }
}

TEST_F(HostDeath, WithItsSpawnerLeavesNoProcess) {
  for (int milliseconds = 2; milliseconds < 40; milliseconds += 6) {
    const pid_t host = ::fork();
    if (host == 0) {
      ::setpgid(0, 0);
      be_host(2);
    }
    ::setpgid(host, host);
    std::this_thread::sleep_for(std::chrono::milliseconds{milliseconds});
    ::kill(-host, SIGKILL);  // the spawner too
    ASSERT_TRUE(eventually(no_orphan)) << "killed after " << milliseconds << " ms";
  }
  (void)run(shell("true"));  // removes the groups that were left
  EXPECT_EQ(groups_here(), 0U);
}

}  // namespace
}  // namespace sandbox
