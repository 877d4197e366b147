#include "groups.h"

#include <sys/stat.h>

#include "calls.h"

namespace floor_bench {
namespace {

constexpr std::uint64_t kPeriodUs = 100'000;

void cap_v1(const Group& group, const Caps& caps) {
  const auto write = [&](const char* file, std::uint64_t value) {
    write_file(group.fd, file, std::to_string(value).c_str());
  };
  if (group.controller == "memory") {
    write("memory.limit_in_bytes", caps.memory_bytes);
    // Missing on a kernel that does not account swap.
    if (::faccessat(group.fd, "memory.memsw.limit_in_bytes", F_OK, 0) == 0)
      write("memory.memsw.limit_in_bytes", caps.memory_bytes);
  }
  if (group.controller == "cpu") write("cpu.cfs_quota_us", caps.cpus * kPeriodUs);
  if (group.controller == "pids") write("pids.max", caps.pids);
}

void cap_v2(const Group& group, const Caps& caps) {
  write_file(group.fd, "memory.max", std::to_string(caps.memory_bytes).c_str());
  if (::faccessat(group.fd, "memory.swap.max", F_OK, 0) == 0)
    write_file(group.fd, "memory.swap.max", "0");
  const std::string quota = std::to_string(caps.cpus * kPeriodUs) + " 100000";
  write_file(group.fd, "cpu.max", quota.c_str());
  write_file(group.fd, "pids.max", std::to_string(caps.pids).c_str());
}

Group make_group(const GroupPlace& place, const Caps& caps) {
  Group group{place.controller, place.directory + "/sandbox-floor-" + std::to_string(::getpid())};
  const char* path = group.directory.c_str();
  check(::mkdir(path, 0755), path);
  group.fd = static_cast<int>(check(::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), path));
  if (place.controller.empty()) {
    cap_v2(group, caps);
    return group;
  }
  group.tasks_fd =
      static_cast<int>(check(::openat(group.fd, "tasks", O_WRONLY | O_CLOEXEC), "tasks"));
  cap_v1(group, caps);
  return group;
}

std::size_t read_counter(const Group& group, const char* file) {
  char buffer[8192];
  const int fd = ::openat(group.fd, file, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;  // a later kernel's
  const ssize_t n = ::read(fd, buffer, sizeof buffer);
  ::close(fd);
  return n > 0 ? static_cast<std::size_t>(n) : 0;
}

std::vector<const char*> counters_of(const std::string& controller) {
  if (controller == "memory")
    return {"memory.max_usage_in_bytes", "memory.stat", "memory.oom_control"};
  if (controller == "cpu") return {"cpu.stat"};
  if (controller == "cpuacct") return {"cpuacct.usage_user", "cpuacct.usage_sys"};
  if (controller == "pids") return {"pids.peak", "pids.events"};
  return {"memory.peak", "memory.stat", "memory.events.local",
          "cpu.stat",    "pids.peak",   "pids.events"};
}

}  // namespace

std::vector<Group> make_groups(const std::vector<GroupPlace>& places, const Caps& caps) {
  std::vector<Group> groups;
  groups.reserve(places.size());
  for (const GroupPlace& place : places) groups.push_back(make_group(place, caps));
  return groups;
}

void join_groups(const std::vector<Group>& groups) {
  for (const Group& group : groups) {
    if (group.tasks_fd >= 0) check(::write(group.tasks_fd, "0", 1), "join a group");
  }
}

std::size_t read_counters(const std::vector<Group>& groups) {
  std::size_t bytes = 0;
  for (const Group& group : groups) {
    for (const char* file : counters_of(group.controller)) bytes += read_counter(group, file);
  }
  return bytes;
}

void remove_groups(const std::vector<Group>& groups) {
  for (const Group& group : groups) check(::rmdir(group.directory.c_str()), "remove a group");
}

}  // namespace floor_bench
