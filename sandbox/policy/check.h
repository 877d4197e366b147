// What a policy filled in by a program must keep to; the options and policy files are told more
// precisely by their parsers.
#pragma once

#include "policy/policy.h"

namespace sandbox {

// Throws Error that names the member: "limits.cpus is 0.000000: the kernel's least is 0.01".
void check_policy(const Policy& policy);

}  // namespace sandbox
