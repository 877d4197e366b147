// This process on one CPU for a while, and back on those that it came with.
#pragma once

namespace sandbox {

// Nothing where the kernel refuses it (sched_setaffinity(2)): a CPU that is none, or not ours.
void stay_on_cpu(int cpu);

// Before anything that inherits the CPUs, as a clone of this process does.
void return_to_own_cpus();

}  // namespace sandbox
