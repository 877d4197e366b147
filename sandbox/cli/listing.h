// Programs that CTest's discovery asks for their tests.
#pragma once

#include <string>
#include <vector>

#include "policy/policy.h"

namespace sandbox {

// By an argument that is exactly one of GoogleTest's, Catch2's, doctest's or Boost.Test's.
bool only_lists(const std::vector<std::string>& command);

// A list has to come, however little its tests may use, and whatever this host gives: no caps, no
// report, --best-effort.
Policy for_listing(const Policy& policy);

}  // namespace sandbox
