#include "cgroup/caps.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>

#include "sys/error.h"

namespace sandbox {
namespace {

// No process number is above it (PID_MAX_LIMIT), so neither is a count of processes.
constexpr std::uint64_t kMostPids = 4'194'304;

struct Wish {
  const char* name = "";
  const char* controller = "";
  std::string requested{};
  bool asked = false;  // by the user: must be enforced
  std::function<Cap(Backend&)> apply{};
};

// "256M" for 268435456: the largest unit that leaves no remainder.
std::string size_words(std::uint64_t bytes) {
  for (const auto& [shift, unit] : {std::pair{30, "G"}, {20, "M"}, {10, "K"}}) {
    if (bytes != 0 && bytes % (1ULL << shift) == 0) return std::to_string(bytes >> shift) + unit;
  }
  return std::to_string(bytes);
}

std::string cpu_words(double cpus) {
  char text[32];
  (void)std::snprintf(text, sizeof text, "%g", cpus);
  return text;
}

// 100 ms is the kernel's own default; a smaller share than 1 ms of it needs a longer period.
CpuQuota quota_of(double cpus) {
  const std::uint64_t period = cpus < 0.01 ? 1'000'000 : 100'000;
  const double wanted = std::round(std::min(cpus * static_cast<double>(period), 1e15));
  return {std::max<std::uint64_t>(static_cast<std::uint64_t>(wanted), 1000), period};
}

// The kernel counts pages and rounds a cap down to them.
std::uint64_t whole_pages(std::uint64_t bytes) {
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return bytes / page * page;
}

std::vector<Wish> wishes_of(const Limits& limits) {
  std::vector<Wish> wishes;
  if (limits.memory) {
    const std::uint64_t bytes = limits.memory->count;
    wishes.push_back({"memory", "memory", size_words(bytes), true,
                      [=](Backend& group) { return group.cap_memory(whole_pages(bytes)); }});
  }
  if (limits.cpus) {
    const CpuQuota quota = quota_of(*limits.cpus);
    wishes.push_back({"cpus", "cpu", cpu_words(*limits.cpus), true,
                      [=](Backend& group) { return group.cap_cpu(quota); }});
  }
  const std::string pids = limits.pids > kMostPids ? "max" : std::to_string(limits.pids);
  wishes.push_back({"pids", "pids", std::to_string(limits.pids), limits.pids_asked,
                    [=](Backend& group) { return group.cap_pids(pids); }});
  return wishes;
}

std::string why_missing(const GroupSite& site) {
  if (site.move_to_leaf) return "the group " + site.places.front().group + " holds processes";
  return site.reason;
}

// What was asked for and is not to be had, for one message.
struct Unmet {
  int count = 0;
  std::string options{};
  std::string reason{};
  int error = 0;

  void add(const Wish& wish, const std::string& why, int errno_value) {
    if (count++ > 0) options += " and ";
    options += std::string{"--"} + wish.name + " " + wish.requested;
    if (!reason.empty()) return;
    reason = why;
    error = errno_value;
  }
};

[[noreturn]] void refuse(const Unmet& unmet, const std::string& fix) {
  const std::string way_out =
      std::string{"--best-effort: run without "} + (unmet.count == 1 ? "this cap" : "these caps");
  throw Error{"cannot enforce " + unmet.options + ": " + unmet.reason, unmet.error,
              fix.empty() ? way_out : fix + "   (or " + way_out + ")"};
}

}  // namespace

std::vector<LimitRecord> apply_caps(const Limits& limits, const GroupSite& site, Backend* backend,
                                    Effort effort) {
  std::vector<LimitRecord> records;
  Unmet unmet;
  for (const Wish& wish : wishes_of(limits)) {
    const bool possible = backend && site.has(wish.controller);
    const Cap cap = possible ? wish.apply(*backend) : Cap{0, "", why_missing(site)};
    const bool enforced = possible && cap.error == 0;
    const std::string why = cap.error == 0 ? cap.by : cap.by + " refused " + cap.value;
    records.push_back({wish.name, wish.requested, enforced ? cap.value : "",
                       cap.error == 0 ? why : why + ": " + errno_name(cap.error)});
    if (!enforced && wish.asked) unmet.add(wish, why, cap.error);
  }
  if (unmet.count > 0 && effort == Effort::all_or_nothing) refuse(unmet, site.hint);
  return records;
}

}  // namespace sandbox
