// Who runs in a sandbox, read from /proc outside it. Nothing is stopped for it: a frozen thread
// would hide where it was.
#pragma once

#include <sys/types.h>

#include <vector>

#include "report/report.h"

namespace sandbox {

// The pids (as seen here) of all processes below `init`, itself not included. A pid namespace's
// orphans become its init's children, so that none is missed.
std::vector<pid_t> processes_below(pid_t init);

// Every thread of those processes; at most `most` threads. Zombies are left out.
std::vector<ThreadState> describe_threads(const std::vector<pid_t>& pids, std::size_t most);

// One entry a process (its main thread).
std::vector<ThreadState> describe_processes(const std::vector<pid_t>& pids, std::size_t most);

// Whether the process goes on: it is there, and the kernel has not begun to take it down.
bool goes_on(pid_t pid);

// Of all processes below `init` and of those it reaped, from /proc/PID/stat: where no group counts
// it.
struct CpuTimes {
  double user = 0;    // seconds
  double system = 0;  // seconds
};
CpuTimes cpu_times_below(pid_t init);

}  // namespace sandbox
