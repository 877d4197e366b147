// The words of the command line, sorted by getopt_long(3) but not yet understood.
#pragma once

#include <string>
#include <vector>

#include "cli/options.h"
#include "policy/settings.h"
#include "policy/words.h"

namespace sandbox {

struct CommandLine {
  std::vector<Assignment> flags{};
  std::vector<std::string> policy_files{};
  std::vector<std::string> command{};
  Request action = Request::run;
  bool ended = false;   // by --help or --version: the rest does not matter
  bool dashes = false;  // "--" before the command
};

// Stops at the first unknown option, with a problem and no command: whether the next word is its
// value cannot be known. Not reentrant: getopt_long is not.
CommandLine sort_words(int argc, char* const* argv, Problems& problems);

}  // namespace sandbox
