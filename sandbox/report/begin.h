// The report of a run that begins now.
#pragma once

#include "report/report.h"

namespace sandbox {

// With what is known before anything is done: run_id, name, version, command, policy, cwd,
// started_at.
Report begin_report(const Policy& policy);

}  // namespace sandbox
