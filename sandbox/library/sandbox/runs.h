// Many sandboxes from one process, on any event loop.
//
//   sandbox::Runs runs;
//   sandbox::Policy policy;
//   policy.command = {"./test_bin", "--gtest_filter=Cache.*"};
//   policy.limits.memory = sandbox::Bytes{256 << 20};
//   runs.start(policy, [](const sandbox::Report& report) { … });
//   while (runs.running() > 0) {
//     pollfd ready{runs.fd(), POLLIN, 0};
//     poll(&ready, 1, -1);
//     runs.dispatch();
//   }
//
// The sandboxes are made by helper processes, the spawners (sandbox-exec), but are children of this
// one: it sees SIGCHLD for them, and must leave their reaping to dispatch(), as must a waitpid(-1)
// elsewhere in this process. No signal handler is installed, no group is moved, and nothing else of
// this process is changed. However this process ends, its sandboxes and their groups go with it.
//
// Not for two threads at a time, and not for a child of fork(2): there a copy may be destroyed,
// which ends nothing.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "policy/policy.h"
#include "report/report.h"
#include "sys/error.h"

namespace sandbox {

// What the test gets as its descriptors 0 to 2; they stay the caller's. Closed ones of these three
// are /dev/null to it.
struct Streams {
  int in = 0;
  int out = 1;
  int error = 2;
};

class Runs {
 public:
  using Id = std::uint64_t;
  using Callback = std::function<void(const Report&)>;

  struct Options {
    // The path of sandbox-exec. Empty: $SANDBOX_EXEC, else the one that this library was built
    // with, else the one in PATH.
    std::string executable{};
    // How many sandboxes to keep made ahead, at least one for each spawner. Each is used for one
    // run only, and only where a new one would be the same: same caps, same mounts, same program
    // and files shown. It saves a run most of its set-up when tests of one kind follow each other.
    // The mounts that they show are in use meanwhile: a file system stays busy after umount(8).
    unsigned prepared = 0;
    // How many spawners at most; each is started when all before it are busy. 0: two for each
    // CPU.
    unsigned spawners = 0;
  };

  // Starts no process yet.
  Runs();
  explicit Runs(const Options& options);
  Runs(const Runs&) = delete;
  Runs& operator=(const Runs&) = delete;
  // Kills what still runs and waits for it; its callbacks are not called. A spawner that does not
  // answer (SIGSTOP) is killed after ten seconds.
  ~Runs();

  // Asks for a run of `policy`, whose paths are absolute or mean the caller's current directory
  // (those inside are absolute); environment, umask, signal mask and the descriptors of
  // policy.keep_fds are the caller's as they are now, limits of setrlimit(2), nice value, affinity
  // and ignored signals as they were when its spawner was started; a caller whose user or groups
  // have changed since is refused. policy.reporting may name files, pipes and descriptors 0 to 2,
  // no others.
  // `callback` is called once, by dispatch(), whatever becomes of the run: a failed set-up is a
  // report too. Waits while the spawners are hundreds of runs behind, a minute at most. Throws
  // Error (what was tried, errno) where there is no spawner and none can be started or asked, and
  // without a callback.
  Id start(const Policy& policy, Callback callback, const Streams& streams = {});

  // A descriptor that is readable (poll(2)) whenever dispatch() has something to do.
  int fd() const;

  // Does what is due and returns; never waits. A callback may start and cancel runs, but not
  // destroy this. What a callback throws comes out here; nothing is lost by it.
  void dispatch();

  // As SIGTERM to sandbox-exec: the test gets it, and after policy.limits.grace SIGKILL; a second
  // call kills at once. The callback gets the report (verdict `interrupted`). An Id that has ended
  // is ignored, and so is a run whose test has. Waits as start() does.
  void cancel(Id id);

  // As if `limit` had been policy.limits.timeout, and had passed: what hangs is written down, and
  // the verdict is `timed-out`. For a caller that sees a part of the test hang. Ignored as
  // cancel() is; less than a millisecond is one. Waits as start() does.
  void time_out(Id id, std::chrono::milliseconds limit);

  // Bytes that the kernel charges to the run at the moment; nullopt before its sandbox exists, once
  // it has ended, and where its control group counts no memory.
  std::optional<std::uint64_t> memory_now(Id id);

  struct Process {
    pid_t pid = -1;
    int pidfd = -1;  // now the caller's
  };

  // Waits until the sandbox exists and hands its process to the caller, who reaps it: it ends with
  // the test's own exit status, 128 + n for a signal n. The callback is called all the same; the
  // report lacks CPU times where no group counts them. nullopt: the set-up failed before there was
  // one, the run has ended, or it was asked for before. Throws Error where no descriptor can be
  // opened.
  std::optional<Process> take_process(Id id);

  // Runs whose callback has not been called.
  std::size_t running() const;

 private:
  class Host;
  std::unique_ptr<Host> host_;
};

// One run, waited for.
Report run(const Policy& policy);

}  // namespace sandbox
