// Where figures were taken: without it they mean nothing.
#pragma once

#include <sys/types.h>

#include <string>

namespace bench {

struct Machine {
  std::string kernel;  // "Linux 6.1.0 x86_64"
  std::string cpu;     // the first model name in /proc/cpuinfo
  long cpus = 0;       // this process may use
  double load = 0;     // of the last minute, before the measurement
  std::string cgroup;  // v1, v2, hybrid, none: by the memory controller's place
  uid_t uid = 0;
  std::string date;    // UTC
  std::string commit;  // as the caller says it
};

Machine look_at_machine(const std::string& commit);

}  // namespace bench
