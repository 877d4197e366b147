// Figures of repeated measurements. Shared by the drivers; knows nothing of what was measured.
#pragma once

#include <string>
#include <vector>

namespace bench {

// The value below which `percent` of the samples lie, by the nearest rank; 0 without samples.
double percentile(std::vector<double> samples, double percent);

// How a contender was called: every figure of a table belongs to one.
enum class Pace {
  back_to_back,  // hot caches, and what the kernel puts off for idle times is never paid
  paused,        // a pause before each run, as a test suite's own work is
};
inline constexpr Pace kPaces[] = {Pace::back_to_back, Pace::paused};
const char* name_of(Pace pace);

struct Latency {
  Pace pace{};
  std::vector<double> microseconds;
  std::vector<double> cpu_microseconds;  // the same runs'; empty: not measured

  double p50() const { return percentile(microseconds, 50); }
  double p95() const { return percentile(microseconds, 95); }
  double cpu_p50() const { return percentile(cpu_microseconds, 50); }
};

struct Throughput {
  unsigned at_once = 1;
  double runs_per_second = 0;
};

// All that was measured of one contender: a process that is started, or a function that is called.
struct Figures {
  std::string name;
  std::vector<Latency> latencies;
  std::vector<Throughput> throughputs;
  double peak_kib = 0;  // of the supervisor's resident memory; 0: not measured

  const Latency* at(Pace pace) const;
};

}  // namespace bench
