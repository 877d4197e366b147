// What runs in the cloned child: PID 1 of the sandbox, and through it the test.
#pragma once

#include "child/program.h"

namespace sandbox::child {

// Interprets program.init, starts the test, reaps until it ends, and exits. Raw system calls only:
// no allocation, no locks, no stdio. All signals must be blocked at the clone.
[[noreturn]] void run_init(const Program& program);

}  // namespace sandbox::child
