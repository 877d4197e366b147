// cgroup v2. Source: Documentation/admin-guide/cgroup-v2.rst.
#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "cgroup/backend.h"
#include "cgroup/leaf.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sandbox {
namespace {

constexpr std::uint64_t kNanosecondsPerMicrosecond = 1000;

std::optional<std::uint64_t> nanoseconds(std::optional<std::uint64_t> microseconds) {
  if (!microseconds) return std::nullopt;
  return *microseconds * kNanosecondsPerMicrosecond;
}

// Of the samples.
struct HeldFiles {
  HeldFile usage{"memory.current"};
  HeldFile peak{"memory.peak", O_RDWR};  // a reset holds for one open file
  HeldFile events{"memory.events.local"};
  HeldFile cpu{"cpu.stat"};
  HeldFile tasks{"pids.current"};
};

class V2 final : public Backend {
 public:
  V2(const GroupSite& site, const std::string& run_id);

  Cap cap_memory(std::uint64_t bytes) override;
  Cap cap_cpu(CpuQuota quota) override;
  Cap cap_pids(const std::string& count) override;

  std::vector<GroupDirectory>& directories() override { return directories_; }
  std::vector<int> join_fds() const override { return {}; }
  int clone_fd() const override { return fd(); }
  int oom_fd() const override { return memory_events_.get(); }
  GroupCounters read() const override;
  GroupSample sample(PeakAfter peak) override;
  std::string source(std::string_view figure) const override;
  void kill() const override;
  std::vector<std::string> lost_caps() const override;
  void close_watches() override {
    memory_events_.reset();
    held_ = HeldFiles{};
  }

 private:
  int fd() const { return directories_.front().fd.get(); }
  void read_memory(GroupCounters& counters) const;
  bool has_file(const char* name) const { return ::faccessat(fd(), name, F_OK, 0) == 0; }

  std::vector<GroupDirectory> directories_{};
  bool memory_ = false;
  bool pids_ = false;
  bool cpu_capped_ = false;
  std::vector<const char*> caps_{};  // the files written
  UniqueFd memory_events_{};
  HeldFiles held_{};
};

void enable_missing(const GroupSite& site) {
  if (site.to_enable.empty()) return;
  const std::string& directory = site.places.front().directory;
  const UniqueFd parent{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  const int error = parent ? enable_controllers(parent.get(), site.to_enable) : errno;
  if (error != 0) throw Error{"cannot write to " + directory + "/cgroup.subtree_control", error};
}

V2::V2(const GroupSite& site, const std::string& run_id)
    : memory_(site.has("memory")), pids_(site.has("pids")) {
  enable_missing(site);
  // The local file: kills of this group's own processes, and whether its own cap was the cause.
  const FirstFile first = memory_ ? FirstFile{"memory.events.local"} : FirstFile{};
  directories_.push_back(make_group_directory(site.places.front().directory, run_id, first));
  if (!memory_) return;
  memory_events_ = std::move(directories_.front().file);
  // poll reports what came after the last read; without one it would report at once.
  SmallFile{memory_events_.get()};
}

Cap V2::cap_memory(std::uint64_t bytes) {
  Cap cap{0, std::to_string(bytes), "cgroup v2 memory.max"};
  cap.error = write_file_at(fd(), "memory.max", cap.value);
  if (cap.error != 0) return cap;
  caps_.push_back("memory.max");
  const int swap_error = write_file_at(fd(), "memory.swap.max", "0");
  if (swap_error == ENOENT) {
    cap.by += "; swap is not accounted on this host and not limited";
  } else if (swap_error != 0) {
    return {swap_error, "0", "cgroup v2 memory.swap.max"};
  }
  return cap;
}

Cap V2::cap_cpu(CpuQuota quota) {
  const std::string value = std::to_string(quota.quota) + " " + std::to_string(quota.period);
  Cap cap{write_file_at(fd(), "cpu.max", value), value, "cgroup v2 cpu.max"};
  cpu_capped_ = cap.error == 0;
  if (cpu_capped_) caps_.push_back("cpu.max");
  return cap;
}

Cap V2::cap_pids(const std::string& count) {
  Cap cap{write_file_at(fd(), "pids.max", count), count, "cgroup v2 pids.max"};
  if (cap.error == 0) caps_.push_back("pids.max");
  return cap;
}

GroupCounters V2::read() const {
  GroupCounters counters;
  if (memory_) read_memory(counters);
  const SmallFile cpu{fd(), "cpu.stat"};
  counters.cpu_user_ns = nanoseconds(cpu.number_of("user_usec"));
  counters.cpu_system_ns = nanoseconds(cpu.number_of("system_usec"));
  if (cpu_capped_) counters.cpu_throttled_ns = nanoseconds(cpu.number_of("throttled_usec"));
  if (pids_) {
    counters.pids_peak = SmallFile{fd(), "pids.peak"}.number();
    counters.pids_refused = SmallFile{fd(), "pids.events"}.number_of("max");
  }
  return counters;
}

void V2::read_memory(GroupCounters& counters) const {
  counters.memory_peak = SmallFile{fd(), "memory.peak"}.number();
  const SmallFile stat{fd(), "memory.stat"};
  counters.anonymous = stat.number_of("anon");
  counters.shmem = stat.number_of("shmem");
  counters.kernel = stat.number_of("kernel");
  const auto file = stat.number_of("file");  // holds shmem too
  if (file) counters.file = *file - std::min(*file, counters.shmem.value_or(0));
  if (file && counters.anonymous && counters.kernel) {
    counters.memory_now = *counters.anonymous + *file + *counters.kernel;
  }
  if (!memory_events_) return;
  const SmallFile events{memory_events_.get()};
  counters.oom_kills = events.number_of("oom_kill");
  counters.oom_events = events.number_of("oom");
}

GroupSample V2::sample(PeakAfter peak) {
  GroupSample sample;
  if (memory_) {
    sample.memory_now = held_.usage.read(fd()).number();
    sample.memory_peak = held_.peak.read(fd()).number();
    sample.peak_is_reset = peak == PeakAfter::starts_anew && held_.peak.write(fd(), "0");
    sample.oom_kills = held_.events.read(fd()).number_of("oom_kill");
  }
  const SmallFile cpu = held_.cpu.read(fd());
  sample.cpu_user_ns = nanoseconds(cpu.number_of("user_usec"));
  sample.cpu_system_ns = nanoseconds(cpu.number_of("system_usec"));
  if (cpu_capped_) sample.cpu_throttled_ns = nanoseconds(cpu.number_of("throttled_usec"));
  if (pids_) sample.tasks = held_.tasks.read(fd()).number();
  return sample;
}

std::string V2::source(std::string_view figure) const {
  struct Source {
    std::string_view figure;
    bool counted;
    const char* file;  // a later kernel's may be missing
    const char* key;
  };
  const Source sources[] = {
      {"memory_peak", memory_, "memory.peak", ""},
      {"memory_now", memory_, "memory.stat", " anon, file, kernel"},
      {"stat", memory_, "memory.stat", ""},
      {"kernel", memory_, "memory.stat", " kernel"},
      {"oom", memory_, "memory.events.local", " oom_kill"},
      {"cpu", true, "cpu.stat", " user_usec, system_usec"},
      {"throttled", cpu_capped_, "cpu.stat", " throttled_usec"},
      {"pids_peak", pids_, "pids.peak", ""},
      {"pids_refused", pids_, "pids.events", " max"},
  };
  for (const Source& source : sources) {
    if (source.figure != figure || !source.counted || !has_file(source.file)) continue;
    return std::string{"cgroup v2 "} + source.file + source.key;
  }
  return {};
}

void V2::kill() const {
  // cgroup.kill came with Linux 5.14.
  if (write_file_at(fd(), "cgroup.kill", "1") == 0) return;
  if (pids_) (void)write_file_at(fd(), "pids.max", "0");
  kill_listed(fd());
}

// systemd does so to a slice when it sees no unit of its own there that needs the controller.
std::vector<std::string> V2::lost_caps() const {
  std::vector<std::string> lost;
  for (const char* file : caps_) {
    if (!has_file(file)) lost.emplace_back(file);
  }
  return lost;
}

}  // namespace

std::unique_ptr<Backend> make_v2_backend(const GroupSite& site, const std::string& run_id) {
  return std::make_unique<V2>(site, run_id);
}

}  // namespace sandbox
