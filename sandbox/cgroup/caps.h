// Writes the caps that the limits ask for, or says which cannot be enforced and why.
#pragma once

#include <vector>

#include "cgroup/backend.h"
#include "cgroup/site.h"
#include "policy/policy.h"
#include "report/report.h"

namespace sandbox {

enum class Effort { all_or_nothing, best };

// `backend` may be null: no group. Throws Error naming every option that was asked for and cannot
// be enforced, unless the effort is best.
std::vector<LimitRecord> apply_caps(const Limits& limits, const GroupSite& site, Backend* backend,
                                    Effort effort);

}  // namespace sandbox
