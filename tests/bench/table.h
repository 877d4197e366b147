// Figures → what a person reads and what a program reads.
#pragma once

#include <iosfwd>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "machine.h"
#include "stats.h"

namespace bench {

// `yardsticks`: names of contenders that the others' p50 and p95 are divided by.
void print_table(std::ostream& out, const Machine& machine, std::span<const Figures> all,
                 const std::vector<std::string>& yardsticks);

// Every sample, in microseconds, beside the percentiles.
nlohmann::json to_json(const Machine& machine, std::span<const Figures> all);

}  // namespace bench
