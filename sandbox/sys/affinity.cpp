#include "sys/affinity.h"

#include <sched.h>

namespace sandbox {
namespace {

cpu_set_t own;  // as long as `current` is a CPU
int current = -1;

}  // namespace

void stay_on_cpu(int cpu) {
  if (cpu == current || cpu < 0 || cpu >= CPU_SETSIZE) return;
  if (current < 0 && ::sched_getaffinity(0, sizeof own, &own) != 0) return;
  if (!CPU_ISSET(cpu, &own)) return;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  if (::sched_setaffinity(0, sizeof one, &one) == 0) current = cpu;
}

void return_to_own_cpus() {
  if (current < 0) return;
  ::sched_setaffinity(0, sizeof own, &own);
  current = -1;
}

}  // namespace sandbox
