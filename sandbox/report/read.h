// A report as text → the facts again: for programs that get it from another process or a file.
#pragma once

#include <string_view>

#include "report/report.h"

namespace sandbox {

// The inverse of to_json: to_json(parse_report(to_json(r))) == to_json(r). A missing key leaves the
// default, null is nullopt (empty, 0; NaN for Event::at_seconds), and what *_base64 tells is in the
// field again. Keys that are not known are ignored, so that later releases can be read.
//
// Not carried by the text, hence at their defaults: Evidence::setup_*, unsupported but for
// setup_failed; details of events that are neither words nor whole numbers; numbers that were no
// finite ones; of the policy the values of --setenv (its names have empty ones), Limits::pids_asked
// and Mount::words. policy.command is the report's command.
//
// Throws Error with one line, "not a report: /place/of/the/key: <what it wants>": for what is not
// JSON, another schema, a value of a wrong kind, a word (verdict, sender, …) that is not known.
Report parse_report(std::string_view json);

}  // namespace sandbox
