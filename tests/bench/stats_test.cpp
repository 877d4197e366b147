#include "bench/stats.h"

#include <gtest/gtest.h>

namespace bench {
namespace {

TEST(Percentile, IsASampleByItsNearestRank) {
  const std::vector<double> samples{50, 10, 40, 20, 30};
  EXPECT_EQ(percentile(samples, 50), 30);
  EXPECT_EQ(percentile(samples, 95), 50);
  EXPECT_EQ(percentile(samples, 20), 10);
  EXPECT_EQ(percentile(samples, 21), 20);
}

TEST(Percentile, OfOneSampleIsThatSample) {
  EXPECT_EQ(percentile({7}, 1), 7);
  EXPECT_EQ(percentile({7}, 100), 7);
}

TEST(Percentile, OfNothingIsZero) {
  EXPECT_EQ(percentile({}, 50), 0);
}

TEST(Figures, TellPacesApart) {
  const Figures figures{"x", {{Pace::paused, {1}, {}}}, {}, 0};
  EXPECT_EQ(figures.at(Pace::back_to_back), nullptr);
  ASSERT_NE(figures.at(Pace::paused), nullptr);
  EXPECT_EQ(figures.at(Pace::paused)->p50(), 1);
}

}  // namespace
}  // namespace bench
