#include "report/verdict.h"

#include <array>
#include <utility>

namespace sandbox {
namespace {

constexpr std::array<std::pair<Verdict, std::string_view>, 12> kNames{{
    {Verdict::passed, "passed"},
    {Verdict::failed, "failed"},
    {Verdict::crashed, "crashed"},
    {Verdict::out_of_memory, "out-of-memory"},
    {Verdict::outer_memory_limit, "outer-memory-limit"},
    {Verdict::timed_out, "timed-out"},
    {Verdict::cpu_time_exceeded, "cpu-time-exceeded"},
    {Verdict::output_exceeded, "output-exceeded"},
    {Verdict::killed, "killed"},
    {Verdict::leaked, "leaked"},
    {Verdict::interrupted, "interrupted"},
    {Verdict::setup_failed, "setup-failed"},
}};

}  // namespace

std::string_view verdict_name(Verdict verdict) {
  for (const auto& [known, name] : kNames) {
    if (known == verdict) return name;
  }
  return "unknown";
}

}  // namespace sandbox
