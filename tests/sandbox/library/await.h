// A plain poll loop around Runs, and policies for it.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <vector>

#include "rootfs/id_map.h"
#include "sandbox/runs.h"

namespace sandbox::testing {

inline Policy policy_of(std::vector<std::string> command) {
  Policy policy;
  policy.command = std::move(command);
  policy.project.choice = Project::Choice::none;
  policy.chdir = "/";
  return policy;
}

inline Policy shell(const std::string& script) {
  return policy_of({"/bin/sh", "-c", script});
}

// Until `done()`, or three minutes have gone.
template <typename Done>
void serve(Runs& runs, Done done) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{180};
  while (!done()) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "runs that do not end";
    pollfd ready{runs.fd(), POLLIN, 0};
    ::poll(&ready, 1, 1000);
    runs.dispatch();
  }
}

inline void serve_all(Runs& runs) {
  serve(runs, [&] { return runs.running() == 0; });
}

// Of the root file system, which those policies show. For root.
inline bool takes_id_maps_here() {
  return takes_id_map("/", make_id_map(1, 1).get());
}

// Whether this process has no child, not even a dead one.
inline bool has_no_child() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD;
}

}  // namespace sandbox::testing
