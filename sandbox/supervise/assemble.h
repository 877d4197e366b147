// Observation → Facts and Report: which figure comes from where.
#pragma once

#include "cgroup/group.h"
#include "plan/plan.h"
#include "report/report.h"
#include "supervise/judge.h"
#include "supervise/observation.h"

namespace sandbox {

// "cannot mount tmpfs on /tmp (step 7 of 12)", its exit code and hint, from the failed instruction.
SetupFailure describe_failure(const child::Message& message, const Plan& plan);

Facts gather_facts(const Observation& seen, const GroupCounters& counters, const Plan& plan,
                   const Policy& policy, const Group& group);

Usage gather_usage(const Observation& seen, const GroupCounters& counters, const Group& group);

// Identity, mounts, limits, environment, warnings of the plan into the report.
void describe_plan(Report& report, const Plan& plan);

}  // namespace sandbox
