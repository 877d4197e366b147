// The one exception type: what was tried in the user's own words, errno, and how to mend it.
#pragma once

#include <stdexcept>
#include <string>

namespace sandbox {

// "EPERM" for EPERM; "errno 4095" for a number without a name.
std::string errno_name(int error);

// what() is "<attempt>: <errno name>", or "<attempt>" when error is 0.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& attempt, int error = 0, std::string hint = {},
                 int exit_code = 125);

  const std::string& hint() const { return hint_; }
  int error() const { return error_; }
  // The exit status this failure ends with: 125 the sandbox failed, 126 not executable,
  // 127 not found (the numbers of env(1), timeout(1) and docker-run(1)).
  int exit_code() const { return exit_code_; }

 private:
  std::string hint_;
  int error_;
  int exit_code_;
};

}  // namespace sandbox
