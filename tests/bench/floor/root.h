// The root that the test sees, built in the child.
#pragma once

#include <cstdint>

#include "host.h"
#include "trees.h"

namespace floor_bench {

// In the new mount namespace; ends with the old root gone and the working directory "/".
void build_root(const Host& host, const Trees& trees, std::uint64_t fresh_bytes);

}  // namespace floor_bench
