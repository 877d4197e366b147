// --doctor's trials on the running kernel: they tell what is refused, and leave nothing behind.
#include "cli/trials.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "cli/host_facts.h"
#include "sandbox/seccomp/under.h"
#include "seccomp/profile.h"
#include "support/host.h"
#include "sys/files.h"

namespace sandbox {
namespace {

using test::End;

// 0 when every promise of `body` holds, in a child under the filter that sandboxed programs have.
int under_the_filter(bool (*body)()) {
  return test::under(standard_filter(KillWatch::off), [&] { return body() ? 0 : 1; }).result;
}

TEST(DoctorTrials, AllStepsWorkWhereUserNamespacesDo) {
  const NamespaceTrial trial = try_namespaces();
  REQUIRE_HOST(trial.error(Trial::clone) == 0, "needs user namespaces", "v1-root", "v1-user",
               "v2-root", "v2-user");
  EXPECT_THAT(trial.errors, ::testing::Each(0));
}

TEST(DoctorTrials, RefusedNamespaceIsToldWithItsErrno) {
  EXPECT_EQ(under_the_filter([] {
              const NamespaceTrial trial = try_namespaces();
              return trial.error(Trial::clone) == ENOSYS && trial.error(Trial::proc) == kNotTried;
            }),
            0);
}

TEST(DoctorTrials, OtherTrialsDoNotNeedNamespaces) {
  EXPECT_EQ(under_the_filter([] {
              return try_filter(Listener::without) == 0 && try_filter(Listener::with) == 0 &&
                     try_ptrace() == 0;
            }),
            0);
}

// One listener a process tree (seccomp(2), EBUSY).
TEST(DoctorTrials, SecondListenerIsBusy) {
  const End end = test::under({}, [] {
    const int listener =
        test::load(standard_filter(KillWatch::off), SECCOMP_FILTER_FLAG_NEW_LISTENER);
    return listener < 0 ? 254 : try_filter(Listener::with);
  });
  EXPECT_EQ(end, (End{EBUSY}));
}

TEST(DoctorTrials, LeaveNeitherProcessNorMountNorFd) {
  const auto mounts = [] { return read_file("/proc/self/mountinfo"); };
  const auto lowest_fd = [] {
    const UniqueFd fd{::fcntl(0, F_DUPFD_CLOEXEC, 0)};
    return fd.get();
  };
  examine_host();  // what is kept for the next call is opened by the first
  const auto mounts_before = mounts();
  const int fd_before = lowest_fd();
  examine_host();
  EXPECT_EQ(mounts(), mounts_before);
  EXPECT_EQ(lowest_fd(), fd_before);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

}  // namespace
}  // namespace sandbox
