// What the listener reads of an answer (docs/channel.md).
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "channel.h"

namespace sandbox {
namespace internal {
namespace {

double real(const Answer& answer, const char* key) {
  double value = -77;
  return answer.read(key, value) ? value : -77;
}

std::int64_t whole(const Answer& answer, const char* key) {
  std::int64_t value = -77;
  return answer.read(key, value) ? value : -77;
}

TEST(Answer, FiguresByTheirKeys) {
  const Answer answer{
      R"({"v":1,"wall_seconds":0.25,"small":2.5e-06,"grown":-4096,"peak":null,"own":true})"};
  EXPECT_DOUBLE_EQ(real(answer, "wall_seconds"), 0.25);
  EXPECT_DOUBLE_EQ(real(answer, "small"), 2.5e-6);
  EXPECT_EQ(whole(answer, "grown"), -4096);
  EXPECT_EQ(whole(answer, "peak"), -77);
  EXPECT_EQ(whole(answer, "row"), -77);
  EXPECT_TRUE(answer.is_true("own"));
  EXPECT_FALSE(answer.is_true("grown"));
}

TEST(Answer, WordsInTextAreNoKeys) {
  const Answer answer{R"({"name":"a\":\"peak\":7,","peak":8,"file":"\\"})"};
  EXPECT_EQ(whole(answer, "peak"), 8);
}

TEST(Answer, WhatIsCutOffHasNoMore) {
  EXPECT_TRUE(Answer{""}.empty());
  EXPECT_EQ(whole(Answer{R"({"peak":)"}, "peak"), -77);
  EXPECT_EQ(whole(Answer{R"({"pea)"}, "peak"), -77);
  EXPECT_EQ(whole(Answer{R"({"peak\)"}, "peak"), -77);
}

}  // namespace
}  // namespace internal
}  // namespace sandbox
