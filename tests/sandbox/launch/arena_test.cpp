#include "launch/arena.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

namespace sandbox {
namespace {

using child::Instr;
using child::Op;

// A test as the plan makes it, as far as a test of ours needs one.
struct Sample {
  std::array<char, 128> mask{};
  std::vector<Instr> steps{};
  std::vector<const char*> argv{"./t", "--flag", nullptr};
  std::vector<const char*> envp{"A=b", nullptr};
  std::vector<const char*> places{"/tmp"};
  std::string long_word{};
  child::TestProgram program{};

  Sample() {
    mask[1] = 1;  // CPU 8: the first byte is 0, and so are those behind
    steps.push_back({.op = Op::affinity, .a = 128, .text = mask.data()});
    steps.push_back({.op = Op::chdir, .text = "/somewhere"});
    program.steps = {steps.data(), steps.size()};
    program.executable = "/bin/t";
    program.argv = argv.data();
    program.envp = envp.data();
    program.fresh_places = {places.data(), places.size()};
  }
};

TEST(TestArena, TakesAnAffinityByteByByte) {
  const Sample sample;
  TestArena arena;
  ASSERT_TRUE(arena.put(sample.program));
  EXPECT_EQ(0, std::memcmp(arena.test().steps.data[0].text, sample.mask.data(), 128));
}

TEST(TestArena, HoldsCopiesOfAllThatTheTestPointsTo) {
  TestArena arena;
  {
    Sample sample;
    ASSERT_TRUE(arena.put(sample.program));
    sample.mask.fill(0);
  }
  const child::TestProgram& test = arena.test();
  EXPECT_STREQ("/bin/t", test.executable);
  EXPECT_STREQ("--flag", test.argv[1]);
  EXPECT_EQ(nullptr, test.argv[2]);
  EXPECT_STREQ("A=b", test.envp[0]);
  EXPECT_EQ(nullptr, test.envp[1]);
  EXPECT_STREQ("/somewhere", test.steps.data[1].text);
  EXPECT_EQ(nullptr, test.steps.data[1].text2);
  EXPECT_STREQ("/tmp", test.fresh_places.data[0]);
}

TEST(TestArena, SaysWhenATestIsTooLarge) {
  Sample sample;
  sample.long_word.assign(std::size_t{2} << 20, 'x');
  sample.argv = {"./t", sample.long_word.c_str(), nullptr};
  sample.program.argv = sample.argv.data();
  TestArena arena;
  EXPECT_FALSE(arena.put(sample.program));
}

}  // namespace
}  // namespace sandbox
