// Programs that sandbox-ctest calls: ctest itself.
#pragma once

#include <string>
#include <vector>

namespace sandbox::ctest {

struct Said {
  int status = 0;  // its exit code; 128 + n for a signal n
  std::string output{};
};

// Runs it to its end; what it writes to standard output is kept. Throws Error where it cannot be
// started.
Said ask(const std::vector<std::string>& command);

struct Ended {
  int status = 0;          // as Said::status
  int interrupted_by = 0;  // SIGINT, SIGTERM or SIGHUP that came meanwhile, and was handed on
};

// Runs it with the caller's streams, in the caller's folder. Throws Error.
Ended run(const std::vector<std::string>& command);

}  // namespace sandbox::ctest
