// Evidence for an outer-memory-limit: which group above the run met its own memory limit.
#include <algorithm>

#include "cgroup/group.h"
#include "cgroup/hierarchies.h"
#include "sys/files.h"

namespace sandbox {
namespace {

struct MemoryFiles {
  const char* cap;
  const char* use;
  const char* peak;
};

constexpr MemoryFiles kV1{"memory.limit_in_bytes", "memory.usage_in_bytes",
                          "memory.max_usage_in_bytes"};
constexpr MemoryFiles kV2{"memory.max", "memory.current", "memory.peak"};

// v1 writes "unlimited" as the largest number of pages.
constexpr std::uint64_t kUnlimited = std::uint64_t{1} << 62;
// Charges are taken in batches per CPU, so the counted peak can stay this far below the limit.
constexpr std::uint64_t kBatches = std::uint64_t{1} << 20;

std::optional<std::uint64_t> number_in(const std::string& file) {
  return leading_number(read_file(file).value_or(""));
}

// v2 counts it; on v1 the peak tells.
bool was_met(const std::string& directory, const MemoryFiles& files, std::uint64_t cap) {
  const auto events = read_file(directory + "/memory.events.local");
  if (events) return keyed_number(*events, "oom").value_or(0) > 0;
  return number_in(directory + "/" + files.peak).value_or(0) + kBatches >= cap;
}

const GroupPlace* memory_place(const GroupSite& site) {
  const auto place =
      std::find_if(site.places.begin(), site.places.end(),
                   [](const GroupPlace& each) { return contains(each.controllers, "memory"); });
  return place == site.places.end() ? nullptr : &*place;
}

}  // namespace

OuterLimit find_outer_memory_limit(const GroupSite& site) {
  const GroupPlace* place = memory_place(site);
  if (!place) return {};
  const MemoryFiles& files = site.layout == Layout::v1 ? kV1 : kV2;
  std::string directory = place->directory;
  for (std::string group = place->group;;) {
    const auto cap = number_in(directory + "/" + files.cap);
    if (cap && *cap < kUnlimited && was_met(directory, files, *cap)) {
      return {group, number_in(directory + "/" + files.use), cap};
    }
    if (group == "/") return {};
    group = parent_group(group);
    directory = parent_group(directory);
  }
}

}  // namespace sandbox
