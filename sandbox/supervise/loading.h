// What the dynamic linker says of a library that it does not find, only on the test's own stderr.
#pragma once

#include "plan/host.h"
#include "plan/plan.h"
#include "supervise/judge.h"

namespace sandbox {

// Looks where it has looked, if the main process ended as it does then (exit code 127).
void explain_loading(Facts& facts, const Host& host, const Plan& plan);

}  // namespace sandbox
