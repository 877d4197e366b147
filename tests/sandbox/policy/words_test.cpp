#include "policy/words.h"

#include <gtest/gtest.h>

#include "sandbox/policy/fake_world.h"

namespace sandbox {
namespace {

TEST(Shown, LeavesPlainWordsAlone) {
  EXPECT_EQ(shown("./t"), "./t");
  EXPECT_EQ(shown("caf\xc3\xa9"), "caf\xc3\xa9");
  EXPECT_EQ(shown("\xff\xfe"), "\xff\xfe");
  EXPECT_EQ(shown("a\\b"), "a\\b");
}

TEST(Shown, QuotesWhatCannotBeSeen) {
  EXPECT_EQ(shown(""), "\"\"");
  EXPECT_EQ(shown("a b"), "\"a b\"");
  EXPECT_EQ(shown("a\nb"), "\"a\\x0ab\"");
  EXPECT_EQ(shown("\x1b[31m"), "\"\\x1b[31m\"");
  EXPECT_EQ(shown("say \"hi\\\""), "\"say \\\"hi\\\\\\\"\"");
}

TEST(Shown, CutsWhatIsVeryLong) {
  EXPECT_EQ(shown(std::string(100'000, 'x')), std::string(200, 'x') + "...");
}

TEST(Problems, OfOneKeepTheHintApart) {
  Problems problems;
  EXPECT_TRUE(problems.empty());
  problems.add("--memory ", Error{"256: too small", 0, "did you mean 256M?"});
  EXPECT_FALSE(problems.empty());
  EXPECT_EQ(refusal([&] { throw problems.error(); }),
            "--memory 256: too small\nhint: did you mean 256M?");
  EXPECT_EQ(problems.error().exit_code(), 125);
}

TEST(Problems, OfSeveralAreALineEach) {
  Problems problems;
  problems.add("a is bad", "do b");
  problems.add("c is bad");
  EXPECT_EQ(refusal([&] { throw problems.error(); }), "a is bad (do b)\nc is bad");
}

TEST(Problems, EndWhenNobodyWouldReadMore) {
  Problems problems;
  for (int i = 0; i < 1000; ++i) problems.add("bad");
  EXPECT_TRUE(problems.full());
  const std::string text = problems.error().what();
  EXPECT_LT(text.size(), 200u);
  EXPECT_TRUE(text.ends_with("\nand so on"));
}

TEST(InWords, NamesTheWholeWord) {
  EXPECT_EQ(refusal([] { in_words("/x:12Q", [] { refuse("12Q", "not a size", "256M"); }); }),
            "/x:12Q: 12Q: not a size\nhint: 256M");
}

}  // namespace
}  // namespace sandbox
