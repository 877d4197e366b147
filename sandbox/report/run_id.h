// What tells a run from every other: in the names of its groups and of its report.
#pragma once

#include <string>

namespace sandbox {

// "<pid>-<random>".
std::string make_run_id();

}  // namespace sandbox
