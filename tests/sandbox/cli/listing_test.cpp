#include "cli/listing.h"

#include <gtest/gtest.h>

namespace sandbox {
namespace {

TEST(Listing, IsKnownByTheExactArgument) {
  EXPECT_TRUE(only_lists({"./t", "--gtest_list_tests"}));
  EXPECT_TRUE(only_lists({"./t", "--reporter=xml", "--list-tests"}));
  EXPECT_TRUE(only_lists({"./t", "--list-test-cases"}));
  EXPECT_FALSE(only_lists({"--list-tests"}));
  EXPECT_FALSE(only_lists({"./t", "--gtest_list_tests=0", "x--list-tests"}));
  EXPECT_FALSE(only_lists({}));
}

TEST(Listing, HasNoCapsAndNoReport) {
  Policy policy;
  policy.limits.memory = Bytes{1 << 20};
  policy.limits.timeout = std::chrono::seconds{1};
  policy.reporting.report = "r.json";
  policy.reporting.ctest = true;
  policy.network = Network::off;
  const Policy listing = for_listing(policy);
  EXPECT_FALSE(listing.limits.memory || listing.limits.timeout);
  EXPECT_EQ(listing.reporting.report, "");
  EXPECT_TRUE(listing.best_effort && listing.reporting.ctest);
  EXPECT_EQ(listing.network, Network::off);
}

}  // namespace
}  // namespace sandbox
