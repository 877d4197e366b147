#include "machine.h"

#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <fstream>

namespace bench {
namespace {

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

std::string cgroup_layout() {
  std::ifstream file("/proc/self/cgroup");
  bool v1_memory = false, v2 = false;
  for (std::string line; std::getline(file, line);) {
    v1_memory |= line.find(":memory:") != std::string::npos;
    v2 |= line.starts_with("0::");
  }
  if (v1_memory) return v2 ? "v1 (hybrid)" : "v1";
  return v2 ? "v2" : "none";
}

std::string now() {
  char text[32];
  const std::time_t time = std::time(nullptr);
  (void)std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&time));
  return text;
}

}  // namespace

Machine look_at_machine(const std::string& commit) {
  utsname name{};
  ::uname(&name);
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  ::sched_getaffinity(0, sizeof allowed, &allowed);
  Machine machine;
  machine.kernel = std::string{name.sysname} + " " + name.release + " " + name.machine;
  machine.cpu = cpu_model();
  machine.cpus = CPU_COUNT(&allowed);
  if (::getloadavg(&machine.load, 1) != 1) machine.load = 0;
  machine.cgroup = cgroup_layout();
  machine.uid = ::geteuid();
  machine.date = now();
  machine.commit = commit;
  return machine;
}

}  // namespace bench
