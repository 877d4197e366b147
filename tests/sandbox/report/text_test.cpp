#include "report/text.h"

#include <gtest/gtest.h>

#include <csignal>

namespace sandbox {
namespace {

TEST(Text, IsOneLine) {
  EXPECT_EQ(one_line("a\nb\r\tc\x1b[0m\x7fü"), "a?b??c?[0m?ü");
}

TEST(Text, TellsTheTimeInUtc) {
  using namespace std::chrono;
  const sys_days leap_day = 2028y / February / 29;
  EXPECT_EQ(timestamp(leap_day + 23h + 59min + 58s + 999999us), "2028-02-29T23:59:58.999Z");
  EXPECT_EQ(timestamp(leap_day + 24h), "2028-03-01T00:00:00.000Z");
}

TEST(Text, NamesSignals) {
  EXPECT_EQ(signal_name(SIGKILL), "SIGKILL");
  EXPECT_EQ(signal_name(SIGRTMIN + 6), "signal 40");
  EXPECT_EQ(signal_name(0), "signal 0");
  EXPECT_EQ(signal_name(-1), "signal -1");
}

}  // namespace
}  // namespace sandbox
