// The report as JSON text, schema sandbox-report/1 (docs/report.md).
#pragma once

#include <string>

#include "report/report.h"

namespace sandbox {

inline constexpr const char* kReportSchema = "sandbox-report/1";

// Indented, with a final newline; always valid UTF-8. Unknown is null. Strings that are not UTF-8
// are written with U+FFFD, and their bytes beside them in base64 ("cwd", "cwd_base64"; for a list a
// list, with null for the strings that are valid). Values of --setenv are left out.
std::string to_json(const Report& report);

// The same in one line, for a program to read.
std::string to_compact_json(const Report& report);

}  // namespace sandbox
