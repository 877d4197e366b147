#include "launch/cpu_lease.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cmath>
#include <string>

namespace sandbox {
namespace {

UniqueFd try_to_lock(int cpu) {
  const std::string folder = "/sys/devices/system/cpu/cpu" + std::to_string(cpu);
  UniqueFd fd{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) < 0) fd.reset();
  return fd;
}

}  // namespace

CpuLease::CpuLease(const Limits& limits, const std::vector<int>& allowed) {
  const auto wanted = static_cast<std::size_t>(std::ceil(limits.cpus.value_or(1)));
  for (const int cpu : allowed) {
    if (cpus_.size() == wanted) return;
    if (UniqueFd lock = try_to_lock(cpu)) {
      cpus_.push_back(cpu);
      locks_.push_back(std::move(lock));
    }
  }
  for (const int cpu : allowed) {
    if (cpus_.size() == wanted) break;
    if (std::ranges::find(cpus_, cpu) == cpus_.end()) cpus_.push_back(cpu);
  }
  std::ranges::sort(cpus_);
}

}  // namespace sandbox
