// What --doctor found, for a person and for a program.
#pragma once

#include <string>
#include <vector>

#include "cli/doctor_checks.h"

namespace sandbox {

// A line a check, its fixes indented below; the conclusion first.
std::string doctor_text(const HostFacts& facts, const std::vector<Check>& checks);

// {"schema": "sandbox-doctor/1", "full_run": …, "kernel": …, "uid": …, "where": […], "checks": […]}
std::string doctor_json(const HostFacts& facts, const std::vector<Check>& checks);

}  // namespace sandbox
