// Reports of every kind, for the tests that read or validate them.
#pragma once

#include <string>
#include <vector>

#include "report/report.h"

namespace sandbox {

struct Sample {
  std::string name{};
  Report report{};
};

// Nothing known.
Report empty_report();

// Every field set.
Report full_report();

// No value that a program could expect: bytes that are not UTF-8, NaN, infinities, the largest
// numbers.
Report extreme_report();

// These three, and one report a verdict.
std::vector<Sample> sample_reports();

}  // namespace sandbox
