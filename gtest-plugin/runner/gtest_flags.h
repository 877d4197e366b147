// GoogleTest's own flags, as arguments and as variables of the environment.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/words.h"
#include "policy/world.h"
#include "runner/options.h"

namespace sandbox::runner {

// "--gtest_filter=A.*" and "-gtest_filter=A.*": "filter=A.*". nullopt: no such flag.
std::optional<std::string_view> gtest_flag_in(std::string_view word);

// Those that the runner obeys itself go where they belong in `options`, the others into
// options.flags; so do their variables (GTEST_REPEAT, GTEST_TOTAL_SHARDS, …), which the program
// must not see again (policy.environment.unset).
void obey_gtest_flags(Options& options, const std::vector<std::string>& flags, const World& world,
                      Problems& problems);

}  // namespace sandbox::runner
