// What the test writes to, made ready outside before it starts.
#pragma once

#include "plan/plan.h"

namespace sandbox {

// The declared outputs: files created empty and folders made, as GoogleTest would. Throws Error.
void create_outputs(const Plan& plan);

// A pipe (descriptors 0 to 2) belongs to its maker; the test, another id, could not open it again
// as /dev/stdout.
void give_pipes_to_test(const Plan& plan);

}  // namespace sandbox
