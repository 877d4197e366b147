#include "stats.h"

#include <algorithm>
#include <cmath>

namespace bench {

double percentile(std::vector<double> samples, double percent) {
  if (samples.empty()) return 0;
  const double count = static_cast<double>(samples.size());
  const auto rank = static_cast<std::size_t>(std::max(1.0, std::ceil(count * percent / 100)));
  std::nth_element(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(rank - 1),
                   samples.end());
  return samples[rank - 1];
}

const char* name_of(Pace pace) {
  return pace == Pace::back_to_back ? "back to back" : "paused";
}

const Latency* Figures::at(Pace pace) const {
  for (const Latency& latency : latencies) {
    if (latency.pace == pace) return &latency;
  }
  return nullptr;
}

}  // namespace bench
