// --cpuset auto: distinct CPUs for runs that go on at the same time.
#pragma once

#include <vector>

#include "policy/policy.h"
#include "sys/unique_fd.h"

namespace sandbox {

// CPUs that no other run on this host holds; given back when the lease goes. A lock (flock(2)) on
// the CPU's folder in sysfs is the claim, so that nothing is left behind however a run ends.
class CpuLease {
 public:
  CpuLease() = default;
  // As many as `--cpus` rounds up to, else one. Where too few are free, others' are shared.
  CpuLease(const Limits& limits, const std::vector<int>& allowed);

  const std::vector<int>& cpus() const { return cpus_; }

 private:
  std::vector<int> cpus_;
  std::vector<UniqueFd> locks_;
};

}  // namespace sandbox
