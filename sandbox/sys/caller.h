// The process that started this one.
#pragma once

#include <sys/types.h>

namespace sandbox {

// This process gets SIGTERM when `caller`, its parent at its own start, ends: a CTest that is ended
// itself leaves its tests to go on (PR_SET_PDEATHSIG, prctl(2)). At once where it has ended.
void end_with_caller(pid_t caller);

}  // namespace sandbox
