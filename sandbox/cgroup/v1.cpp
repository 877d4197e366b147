// cgroup v1. Sources: Documentation/admin-guide/cgroup-v1/memory.rst, cpuacct.rst, pids.rst,
// Documentation/scheduler/sched-bwc.rst.
#include <fcntl.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>

#include "cgroup/backend.h"
#include "cgroup/hierarchies.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sandbox {
namespace {

constexpr const char* kMemoryLimit = "memory.limit_in_bytes";
constexpr const char* kOomControl = "memory.oom_control";
constexpr const char* kCpu = "cpuacct.usage";
constexpr const char* kCpuUser = "cpuacct.usage_user";
constexpr const char* kCpuSystem = "cpuacct.usage_sys";
constexpr const char* kMemoryPeak = "memory.max_usage_in_bytes";
constexpr const char* kSwapLimit = "memory.memsw.limit_in_bytes";

using Count = std::optional<std::uint64_t>;

// Of the samples.
struct HeldFiles {
  HeldFile usage{"memory.usage_in_bytes"};
  HeldFile peak{kMemoryPeak, O_RDWR};
  HeldFile oom_control{kOomControl};
  HeldFile cpu{kCpu};
  HeldFile cpu_user{kCpuUser};
  HeldFile cpu_system{kCpuSystem};
  HeldFile cpu_stat{"cpu.stat"};
  HeldFile tasks{"pids.current"};
};

struct Quota {
  std::optional<std::uint64_t> quota{};  // nullopt: unlimited (-1)
  std::uint64_t period = 0;
};

Quota read_quota(const std::string& directory) {
  const auto quota = read_file(directory + "/cpu.cfs_quota_us").value_or("");
  const auto period = read_file(directory + "/cpu.cfs_period_us").value_or("");
  return {leading_number(quota), leading_number(period).value_or(0)};
}

class V1 final : public Backend {
 public:
  V1(const GroupSite& site, const std::string& run_id);

  Cap cap_memory(std::uint64_t bytes) override;
  Cap cap_cpu(CpuQuota quota) override;
  Cap cap_pids(const std::string& count) override;

  std::vector<GroupDirectory>& directories() override { return directories_; }
  std::vector<int> join_fds() const override;
  int clone_fd() const override { return -1; }
  int oom_fd() const override { return oom_event_.get(); }
  GroupCounters read() const override;
  GroupSample sample(PeakAfter peak) override;
  std::string source(std::string_view figure) const override;
  void kill() const override;
  std::vector<std::string> lost_caps() const override { return {}; }
  void close_watches() override {
    oom_event_.reset();
    held_ = HeldFiles{};
  }

 private:
  void add(const GroupPlace& place, const std::string& run_id);
  void watch_oom();
  Cap stricter_above(Cap refused, CpuQuota quota) const;
  void read_memory(GroupCounters& counters) const;
  void read_cpu(GroupCounters& counters) const;
  void read_pids(GroupCounters& counters) const;

  std::vector<GroupDirectory> directories_{};
  int memory_ = -1;  // fds of directories_, -1 where the controller is missing
  int cpu_ = -1;
  int cpuacct_ = -1;
  int pids_ = -1;
  std::string cpu_parent_{};
  bool cpu_capped_ = false;
  HeldFiles held_{};
  std::uint64_t peak_before_ = 0;  // of what the samples have reset
  UniqueFd oom_control_{};
  UniqueFd oom_event_{};
};

// A group of the cpuset controller takes no process before both are set.
void copy_cpuset(const GroupDirectory& group, const std::string& parent) {
  for (const char* name : {"cpuset.cpus", "cpuset.mems"}) {
    const auto value = read_file(parent + "/" + name).value_or("");
    const int error = write_file_at(group.fd.get(), name, value);
    if (error != 0) throw Error{"cannot write " + group.path + "/" + name, error};
  }
}

V1::V1(const GroupSite& site, const std::string& run_id) {
  directories_.reserve(site.places.size());
  for (const GroupPlace& place : site.places) add(place, run_id);
}

void V1::add(const GroupPlace& place, const std::string& run_id) {
  directories_.push_back(make_group_directory(place.directory, run_id, {"tasks", O_WRONLY}));
  const GroupDirectory& made = directories_.back();
  const int fd = made.fd.get();
  if (contains(place.controllers, "memory")) memory_ = fd;
  if (contains(place.controllers, "cpuacct")) cpuacct_ = fd;
  if (contains(place.controllers, "pids")) pids_ = fd;
  if (contains(place.controllers, "cpuset")) copy_cpuset(made, place.directory);
  if (contains(place.controllers, "cpu")) {
    cpu_ = fd;
    cpu_parent_ = place.directory;
  }
}

Cap V1::cap_memory(std::uint64_t bytes) {
  Cap cap{0, std::to_string(bytes), std::string{"cgroup v1 "} + kMemoryLimit};
  cap.error = write_file_at(memory_, kMemoryLimit, cap.value);
  if (cap.error != 0) return cap;
  // memsw counts memory and swap together, and may not be below the limit: so it comes second.
  const int swap_error = write_file_at(memory_, kSwapLimit, cap.value);
  if (swap_error == ENOENT) {
    cap.by += "; swap is not accounted on this host and not limited";
  } else if (swap_error != 0) {
    return {swap_error, cap.value, std::string{"cgroup v1 "} + kSwapLimit};
  }
  watch_oom();
  return cap;
}

// Best effort: the counters are read after exit in any case.
void V1::watch_oom() {
  oom_control_.reset(::openat(memory_, kOomControl, O_RDONLY | O_CLOEXEC));
  if (!oom_control_) return;
  // Inherited: with it, a process at the cap would wait instead of being killed.
  if (SmallFile{oom_control_.get()}.number_of("oom_kill_disable").value_or(0) != 0) {
    (void)write_file_at(memory_, kOomControl, "0");
  }
  UniqueFd event{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  const std::string order = std::to_string(event.get()) + " " + std::to_string(oom_control_.get());
  if (write_file_at(memory_, "cgroup.event_control", order) == 0) oom_event_ = std::move(event);
}

Cap V1::cap_cpu(CpuQuota quota) {
  const std::string amount = std::to_string(quota.quota);
  const std::string period = std::to_string(quota.period);
  Cap cap{0, amount + " " + period, "cgroup v1 cpu.cfs_quota_us"};
  if (quota.period != 100'000) cap.error = write_file_at(cpu_, "cpu.cfs_period_us", period);
  if (cap.error == 0) cap.error = write_file_at(cpu_, "cpu.cfs_quota_us", amount);
  if (cap.error == EINVAL) return stricter_above(std::move(cap), quota);
  cpu_capped_ = cap.error == 0;
  return cap;
}

// v1 refuses a quota above that of a group above: the wish is then met by that group's.
Cap V1::stricter_above(Cap refused, CpuQuota quota) const {
  for (std::string group = cpu_parent_; ::access((group + "/tasks").c_str(), F_OK) == 0;
       group = parent_group(group)) {
    const Quota above = read_quota(group);
    if (!above.quota || above.period == 0) continue;
    if (*above.quota * quota.period > quota.quota * above.period) continue;
    return {0, std::to_string(*above.quota) + " " + std::to_string(above.period),
            "cgroup v1 cpu.cfs_quota_us of " + group + ", which is stricter"};
  }
  return refused;
}

Cap V1::cap_pids(const std::string& count) {
  return {write_file_at(pids_, "pids.max", count), count, "cgroup v1 pids.max"};
}

std::vector<int> V1::join_fds() const {
  std::vector<int> fds;
  for (const GroupDirectory& directory : directories_) fds.push_back(directory.file.get());
  return fds;
}

GroupCounters V1::read() const {
  GroupCounters counters;
  if (memory_ >= 0) read_memory(counters);
  if (cpuacct_ >= 0) read_cpu(counters);
  if (pids_ >= 0) read_pids(counters);
  if (cpu_capped_) {
    counters.cpu_throttled_ns = SmallFile{cpu_, "cpu.stat"}.number_of("throttled_time");
  }
  return counters;
}

void V1::read_memory(GroupCounters& counters) const {
  counters.memory_peak = SmallFile{memory_, kMemoryPeak}.number();
  if (counters.memory_peak) counters.memory_peak = std::max(*counters.memory_peak, peak_before_);
  counters.kernel = SmallFile{memory_, "memory.kmem.usage_in_bytes"}.number();
  const SmallFile stat{memory_, "memory.stat"};
  counters.anonymous = stat.number_of("rss");
  counters.shmem = stat.number_of("shmem");
  const auto cache = stat.number_of("cache");  // holds shmem too
  if (cache) counters.file = *cache - std::min(*cache, counters.shmem.value_or(0));
  if (cache && counters.anonymous && counters.kernel) {
    counters.memory_now = *counters.anonymous + *cache + *counters.kernel;
  }
  const SmallFile control =
      oom_control_ ? SmallFile{oom_control_.get()} : SmallFile{memory_, kOomControl};
  counters.oom_kills = control.number_of("oom_kill");
}

// Where the kernel samples by the tick (CONFIG_TICK_CPU_ACCOUNTING), usage_user and usage_sys are
// multiples of it, and 0 for a run that no tick met; usage is what the scheduler measured. So they
// only split it, as cputime_adjust() does for v2's cpu.stat; without a tick all of it is user's.
template <typename Counters>
void split_cpu(Counters& counters, const Count& total, const Count& user, const Count& system) {
  if (!total || !user || !system) return;
  const double sampled = static_cast<double>(*user) + static_cast<double>(*system);
  const double share = *system == 0 ? 0 : static_cast<double>(*system) / sampled;
  counters.cpu_system_ns = static_cast<std::uint64_t>(static_cast<double>(*total) * share);
  counters.cpu_user_ns = *total - std::min(*counters.cpu_system_ns, std::uint64_t{*total});
}

GroupSample V1::sample(PeakAfter peak) {
  GroupSample sample;
  if (memory_ >= 0) {
    sample.memory_now = held_.usage.read(memory_).number();
    sample.memory_peak = held_.peak.read(memory_).number();
    peak_before_ = std::max(peak_before_, sample.memory_peak.value_or(0));
    sample.peak_is_reset = peak == PeakAfter::starts_anew && held_.peak.write(memory_, "0");
    sample.oom_kills = held_.oom_control.read(memory_).number_of("oom_kill");
  }
  if (cpuacct_ >= 0) {
    split_cpu(sample, held_.cpu.read(cpuacct_).number(), held_.cpu_user.read(cpuacct_).number(),
              held_.cpu_system.read(cpuacct_).number());
  }
  if (pids_ >= 0) sample.tasks = held_.tasks.read(pids_).number();
  if (cpu_capped_) sample.cpu_throttled_ns = held_.cpu_stat.read(cpu_).number_of("throttled_time");
  return sample;
}

void V1::read_cpu(GroupCounters& counters) const {
  split_cpu(counters, SmallFile{cpuacct_, kCpu}.number(), SmallFile{cpuacct_, kCpuUser}.number(),
            SmallFile{cpuacct_, kCpuSystem}.number());
}

void V1::read_pids(GroupCounters& counters) const {
  counters.pids_peak = SmallFile{pids_, "pids.peak"}.number();
  counters.pids_refused = SmallFile{pids_, "pids.events"}.number_of("max");
}

std::string V1::source(std::string_view figure) const {
  struct Source {
    std::string_view figure;
    bool counted;
    const char* files;
  };
  const Source sources[] = {
      {"memory_peak", memory_ >= 0, kMemoryPeak},
      {"memory_now", memory_ >= 0, "memory.stat, memory.kmem.usage_in_bytes"},
      {"stat", memory_ >= 0, "memory.stat"},
      {"kernel", memory_ >= 0, "memory.kmem.usage_in_bytes"},
      {"oom", memory_ >= 0, "memory.oom_control oom_kill"},
      {"cpu", cpuacct_ >= 0, "cpuacct.usage, split as cpuacct.usage_user to cpuacct.usage_sys"},
      {"throttled", cpu_capped_, "cpu.stat throttled_time"},
      {"pids_peak", pids_ >= 0, "pids.peak"},
      {"pids_refused", pids_ >= 0, "pids.events max"},
  };
  for (const Source& source : sources) {
    if (source.figure == figure && source.counted) return std::string{"cgroup v1 "} + source.files;
  }
  return {};
}

// Without a pid namespace nobody else does it. A cap of 0 first, so that no fork escapes.
void V1::kill() const {
  if (directories_.empty() || !has_processes(directories_.front().fd.get())) return;
  if (pids_ >= 0) (void)write_file_at(pids_, "pids.max", "0");
  kill_listed(directories_.front().fd.get());
}

}  // namespace

std::unique_ptr<Backend> make_v1_backend(const GroupSite& site, const std::string& run_id) {
  return std::make_unique<V1>(site, run_id);
}

}  // namespace sandbox
