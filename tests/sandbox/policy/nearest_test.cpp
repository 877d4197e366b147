#include "policy/nearest.h"

#include <gtest/gtest.h>

#include <array>

namespace sandbox {
namespace {

constexpr std::array<std::string_view, 7> kNames{"memory",  "cpus",    "cpuset", "pids",
                                                 "network", "ro-bind", "uid"};

TEST(NearestName, FindsTyposAndSwappedLetters) {
  EXPECT_EQ(nearest_name("memroy", kNames), "memory");
  EXPECT_EQ(nearest_name("memry", kNames), "memory");
  EXPECT_EQ(nearest_name("memoryy", kNames), "memory");
  EXPECT_EQ(nearest_name("cpu", kNames), "cpus");
  EXPECT_EQ(nearest_name("cpu-set", kNames), "cpuset");
  EXPECT_EQ(nearest_name("udi", kNames), "uid");
}

TEST(NearestName, TakesCaseAndUnderscoresAsEqual) {
  EXPECT_EQ(nearest_name("ro_bind", kNames), "ro-bind");
  EXPECT_EQ(nearest_name("MEMORY", kNames), "memory");
}

TEST(NearestName, FindsTheNameThatBeginsSo) {
  EXPECT_EQ(nearest_name("mem", kNames), "memory");
  EXPECT_EQ(nearest_name("net", kNames), "network");
  EXPECT_EQ(nearest_name("n", kNames), "network");
}

TEST(NearestName, SaysNothingWhereNothingIsNear) {
  EXPECT_EQ(nearest_name("", kNames), "");
  EXPECT_EQ(nearest_name("volume", kNames), "");
  EXPECT_EQ(nearest_name("gtest_filter", kNames), "");
  EXPECT_EQ(nearest_name("xyz", kNames), "");
  EXPECT_EQ(nearest_name(std::string(100'000, 'm'), kNames), "");
  EXPECT_EQ(nearest_name("memory", {}), "");
}

}  // namespace
}  // namespace sandbox
