#include "report/text.h"

#include <gtest/gtest.h>

#include <csignal>

namespace sandbox {
namespace {

TEST(Text, IsOneLine) {
  EXPECT_EQ(one_line("a\nb\r\tc\x1b[0m\x7fü"), "a?b??c?[0m?ü");
}

TEST(Text, NamesSignals) {
  EXPECT_EQ(signal_name(SIGKILL), "SIGKILL");
  EXPECT_EQ(signal_name(SIGRTMIN + 6), "signal 40");
  EXPECT_EQ(signal_name(0), "signal 0");
  EXPECT_EQ(signal_name(-1), "signal -1");
}

}  // namespace
}  // namespace sandbox
