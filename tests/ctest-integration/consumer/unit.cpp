#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <memory>

TEST(Unit, Passes) {}
TEST(Unit, Fails) {
  FAIL();
}
TEST(Unit, EatsMemory) {
  constexpr std::size_t kSize = 256 << 20;
  const std::unique_ptr<char[]> memory{new char[kSize]};
  std::memset(memory.get(), 1, kSize);
  EXPECT_EQ(memory[kSize / 2], 1);
}
TEST(Unit, Hangs) {
  ::sleep(60);
}
