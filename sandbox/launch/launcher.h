// The Boost.Process v2 launcher that clones a sandbox. Include only where Asio is wanted.
#pragma once

// Process v2 of Boost 1.81 does not include what it uses.
#include <boost/optional.hpp>
#include <boost/type_traits.hpp>

#define BOOST_PROCESS_V2_USE_STD_FS 1
#include <boost/process/v2/posix/default_launcher.hpp>
#include <boost/process/v2/process.hpp>
#include <span>
#include <utility>

#include "launch/clone.h"

namespace sandbox {

// Used like posix::default_launcher; argv and environment come from the plan. Throws
// sandbox::Error, which says more than an error_code.
class SandboxLauncher : public boost::process::v2::posix::default_launcher {
 public:
  SandboxLauncher(const Plan& plan, const Group& group, std::span<char> command_line,
                  const sigset_t& test_mask)
      : plan_(plan), group_(group), command_line_(command_line), test_mask_(test_mask) {}

  template <typename Executor>
  boost::process::v2::basic_process<Executor> operator()(Executor executor) {
    SandboxProcess process = clone_sandbox(plan_, group_, command_line_, test_mask_);
    pid = process.pid;
    control_ = std::move(process.control);
    return boost::process::v2::basic_process<Executor>{std::move(executor), process.pid,
                                                       process.pidfd.release()};
  }

  // The supervisor's end of the control socket; valid once launched.
  UniqueFd take_control() { return std::move(control_); }

 private:
  const Plan& plan_;
  const Group& group_;
  std::span<char> command_line_;
  const sigset_t& test_mask_;
  UniqueFd control_;
};

}  // namespace sandbox
