// A run's figures as CTest's measurements.
#pragma once

#include <string>

#include "report/report.h"

namespace sandbox {

// A line for each that is known: memory peak (bytes), CPU time and throttled time (seconds). CTest
// takes them out of a test's standard output for its Test.xml.
std::string ctest_measurements(const Usage& usage);

}  // namespace sandbox
