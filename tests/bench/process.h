// Starting a contender that is a process, and waiting for it.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace bench {

using Command = std::vector<std::string>;

// Starts without a copy of this process (vfork semantics); output goes to /dev/null. Throws
// std::system_error.
pid_t start(const Command& command);

// Throws std::runtime_error unless the process ended with status 0: a contender that fails fast
// must not win.
void expect_success(const Command& command, int status);

struct Took {
  double microseconds = 0;      // from start to end
  double cpu_microseconds = 0;  // of the contender and of all that was waited for beneath it
};

Took time_one(const Command& command);

}  // namespace bench
