// A Boost.Process v2 launcher whose processes run in a sandbox.
//
//   boost::asio::io_context context;
//   sandbox::Runs runs;
//   sandbox::Policy policy;
//   policy.limits.memory = sandbox::Bytes{256 << 20};
//   boost::process::v2::process test =
//       sandbox::launcher{runs, policy}(context.get_executor(), "./test_bin", {"--fast"});
//   test.wait();  // its exit_code() is the test's own; 128 + n for a signal n
//
// Includes Boost.Process v2 (Boost 1.81 or later); nothing else here does.
#pragma once

// Process v2 of Boost 1.81 does not include what it uses.
#include <boost/optional.hpp>
#include <boost/type_traits.hpp>

#define BOOST_PROCESS_V2_USE_STD_FS 1
#include <boost/process/v2/process.hpp>
#include <string>
#include <utility>
#include <vector>

#include "sandbox/runs.h"

namespace sandbox {

// Called as boost::process::v2::default_process_launcher is with an executor, a program and its
// arguments, and without initialisers: what those would say is said by the policy and Streams. Of
// the process that comes back, terminate() ends the sandbox; interrupt() and request_exit() signal
// its first process, which heeds no such signal.
class launcher {
 public:
  // `policy.command` is replaced by each call's. `callback`, called by runs.dispatch(), gets the
  // report. `runs` must outlive the processes.
  launcher(Runs& runs, Policy policy, Runs::Callback callback = {}, const Streams& streams = {})
      : runs_(runs),
        policy_(std::move(policy)),
        callback_(std::move(callback)),
        streams_(streams) {}

  // Returns once the sandbox exists. Throws Error where none could be made; the callback has the
  // whole report.
  template <typename Executor>
  boost::process::v2::basic_process<Executor> operator()(Executor executor,
                                                         const std::string& executable,
                                                         const std::vector<std::string>& args) {
    policy_.command = {executable};
    policy_.command.insert(policy_.command.end(), args.begin(), args.end());
    const auto notify = [callback = callback_](const Report& report) {
      if (callback) callback(report);
    };
    const Runs::Id id = runs_.start(policy_, notify, streams_);
    const auto process = runs_.take_process(id);
    if (!process) throw Error{"cannot run " + executable + " in a sandbox"};
    return boost::process::v2::basic_process<Executor>{std::move(executor), process->pid,
                                                       process->pidfd};
  }

 private:
  Runs& runs_;
  Policy policy_;
  Runs::Callback callback_;
  Streams streams_;
};

}  // namespace sandbox
