#include "policy/units.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sandbox/policy/fake_world.h"

namespace sandbox {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::StartsWith;

TEST(ParseBytes, LettersArePowersOf1024) {
  EXPECT_EQ(parse_bytes("256M").count, 256u << 20);
  EXPECT_EQ(parse_bytes("1K").count, 1024u);
  EXPECT_EQ(parse_bytes("3G").count, 3ull << 30);
  EXPECT_EQ(parse_bytes("2T").count, 2ull << 40);
  EXPECT_EQ(parse_bytes("256MiB").count, 256u << 20);
}

TEST(ParseBytes, LettersWithBArePowersOf1000) {
  EXPECT_EQ(parse_bytes("256MB").count, 256'000'000u);
  EXPECT_EQ(parse_bytes("1KB").count, 1000u);
  EXPECT_EQ(parse_bytes("3GB").count, 3'000'000'000u);
  EXPECT_EQ(parse_bytes("2TB").count, 2'000'000'000'000u);
}

TEST(ParseBytes, TakesSmallLettersAsDockerDoes) {
  EXPECT_EQ(parse_bytes("256m").count, 256u << 20);
  EXPECT_EQ(parse_bytes("1gb").count, 1'000'000'000u);
  EXPECT_EQ(parse_bytes("1gib").count, 1u << 30);
}

TEST(ParseBytes, TakesFractionsOfAUnit) {
  EXPECT_EQ(parse_bytes("1.5G").count, 3u << 29);
  EXPECT_EQ(parse_bytes("0.1KB").count, 100u);
}

TEST(ParseBytes, ABareNumberIsBytes) {
  EXPECT_EQ(parse_bytes("0").count, 0u);
  EXPECT_EQ(parse_bytes("12345").count, 12345u);
  EXPECT_EQ(parse_bytes("12345B").count, 12345u);
}

TEST(ParseBytes, TheLargestIsTheKernelsLargest) {
  EXPECT_EQ(parse_bytes("9223372036854775807").count, 9223372036854775807u);
  EXPECT_THAT(refusal([] { parse_bytes("9223372036854775808"); }),
              StartsWith("9223372036854775808: too large for a size"));
  EXPECT_THAT(refusal([] { parse_bytes("8388608T"); }), HasSubstr("too large"));
  EXPECT_THAT(refusal([] { parse_bytes("99999999999T"); }), HasSubstr("too large"));
  EXPECT_THAT(refusal([] { parse_bytes("99999999999999999999"); }), HasSubstr("too large"));
}

struct BadWord {
  const char* text;
  const char* message;
};

class BadSize : public testing::TestWithParam<BadWord> {};
TEST_P(BadSize, IsRefusedInTheUsersWords) {
  EXPECT_THAT(refusal([] { parse_bytes(GetParam().text); }), StartsWith(GetParam().message));
  EXPECT_THAT(refusal([] { parse_bytes(GetParam().text); }), HasSubstr("\nhint: sizes are"));
}
INSTANTIATE_TEST_SUITE_P(
    ParseBytes, BadSize,
    testing::Values(BadWord{"", "\"\": an empty word is not a size"},
                    BadWord{"-5M", "-5M: not a size: it must not be negative"},
                    BadWord{"+5M", "+5M: not a size: it does not begin with a digit"},
                    BadWord{" 5M", "\" 5M\": not a size: it has a blank in it"},
                    BadWord{"5 M", "\"5 M\": not a size: it has a blank in it"},
                    BadWord{"5M\n", "\"5M\\x0a\": not a size: it has a blank in it"},
                    BadWord{"nan", "nan: not a size: it does not begin"},
                    BadWord{"inf", "inf: not a size: it does not begin"},
                    BadWord{"1e9", "1e9: not a size: unknown unit e9"},
                    BadWord{"12Q", "12Q: not a size: unknown unit Q"},
                    BadWord{"0x10", "0x10: not a size: unknown unit x10"},
                    BadWord{"1MM", "1MM: not a size: unknown unit MM"},
                    BadWord{"1.M", "1.M: not a size: no digit follows the point"},
                    BadWord{".5M", ".5M: not a size: it does not begin"},
                    BadWord{"1,5M", "1,5M: not a size: unknown unit ,5M"},
                    BadWord{"1.5.5M", "1.5.5M: not a size: unknown unit .5M"},
                    BadWord{"1.5", "1.5: not a whole number of bytes"}));

TEST(ParseMemory, NamesTheUnitThatWasProbablyMeant) {
  EXPECT_EQ(refusal([] { parse_memory("256"); }),
            "256: a number without a unit is bytes, and this is too small for any program\n"
            "hint: did you mean 256M?");
  EXPECT_THAT(refusal([] { parse_memory("4"); }), HasSubstr("did you mean 4G?"));
  EXPECT_THAT(refusal([] { parse_memory("262144"); }), HasSubstr("did you mean 262144K?"));
  EXPECT_THAT(refusal([] { parse_memory("512B"); }), HasSubstr("did you mean 512M?"));
}

TEST(ParseMemory, TakesWhatIsWrittenWithAUnitOrLargeEnough) {
  EXPECT_EQ(parse_memory("64K").count, 65536u);
  EXPECT_EQ(parse_memory("1048576").count, 1048576u);
  EXPECT_THAT(refusal([] { parse_memory("1048575"); }), HasSubstr("without a unit"));
}

TEST(ParseMemory, RefusesNothing) {
  EXPECT_EQ(refusal([] { parse_memory("0"); }), "0: a cap of nothing lets nothing start");
  EXPECT_EQ(refusal([] { parse_memory("0M"); }), "0M: a cap of nothing lets nothing start");
}

TEST(ParseDuration, ABareNumberIsSeconds) {
  EXPECT_EQ(parse_duration("30"), milliseconds(30'000));
  EXPECT_EQ(parse_duration("0"), milliseconds(0));
  EXPECT_EQ(parse_duration("0.5"), milliseconds(500));
}

TEST(ParseDuration, TakesUnitsAndFractions) {
  EXPECT_EQ(parse_duration("250ms"), milliseconds(250));
  EXPECT_EQ(parse_duration("1.5s"), milliseconds(1500));
  EXPECT_EQ(parse_duration("2m"), milliseconds(120'000));
  EXPECT_EQ(parse_duration("0.25h"), milliseconds(900'000));
  EXPECT_EQ(parse_duration("0.1s"), milliseconds(100));
  EXPECT_EQ(parse_duration("0.29s"), milliseconds(290));
  EXPECT_EQ(parse_duration("0.29h"), milliseconds(1'044'000));
}

TEST(ParseDuration, RefusesWhatIsNoTime) {
  EXPECT_THAT(refusal([] { parse_duration(""); }), StartsWith("\"\": an empty word is not a time"));
  EXPECT_THAT(refusal([] { parse_duration("-1"); }), StartsWith("-1: not a time: it must not be"));
  EXPECT_THAT(refusal([] { parse_duration("1e9"); }), StartsWith("1e9: not a time: unknown unit"));
  EXPECT_THAT(refusal([] { parse_duration("30S"); }), HasSubstr("hint: times are written 30"));
  EXPECT_THAT(refusal([] { parse_duration("1m30s"); }), HasSubstr("unknown unit m30s"));
  EXPECT_THAT(refusal([] { parse_duration("nan"); }), HasSubstr("does not begin with a digit"));
  EXPECT_THAT(refusal([] { parse_duration("1 s"); }), HasSubstr("blank"));
  EXPECT_THAT(refusal([] { parse_duration("0.1ms"); }), StartsWith("0.1ms: a time shorter than"));
}

TEST(ParseDuration, RefusesMoreThanAHundredYears) {
  EXPECT_EQ(parse_duration("876000h").count(), 3'153'600'000'000);
  EXPECT_THAT(refusal([] { parse_duration("876001h"); }), HasSubstr("too long"));
  EXPECT_THAT(refusal([] { parse_duration("18446744073709551615h"); }), HasSubstr("too long"));
  EXPECT_THAT(refusal([] { parse_duration("18446744073709551616"); }), HasSubstr("too large"));
}

TEST(ParseCpus, TakesWholeAndFractionalNumbers) {
  EXPECT_EQ(parse_cpus("2"), 2.0);
  EXPECT_EQ(parse_cpus("1.5"), 1.5);
  EXPECT_EQ(parse_cpus("0.01"), 0.01);
}

TEST(ParseCpus, RefusesNonsense) {
  EXPECT_THAT(refusal([] { parse_cpus("0"); }), StartsWith("0: too small"));
  EXPECT_THAT(refusal([] { parse_cpus("0.001"); }), StartsWith("0.001: too small"));
  EXPECT_THAT(refusal([] { parse_cpus("-1"); }), HasSubstr("negative"));
  EXPECT_THAT(refusal([] { parse_cpus("NaN"); }), HasSubstr("does not begin with a digit"));
  EXPECT_THAT(refusal([] { parse_cpus("1e9"); }), HasSubstr("e9 follows it"));
  EXPECT_THAT(refusal([] { parse_cpus("100001"); }), HasSubstr("too large"));
  EXPECT_THAT(refusal([] { parse_cpus("all"); }), HasSubstr("hint: CPUs are written"));
  EXPECT_THAT(refusal([] { parse_cpus(""); }), HasSubstr("empty"));
}

TEST(ParseCpuset, TakesListsRangesAndAuto) {
  EXPECT_EQ(parse_cpuset("0-2,5").cpus, (std::vector{0, 1, 2, 5}));
  EXPECT_EQ(parse_cpuset("3,0,3,2-3").cpus, (std::vector{0, 2, 3}));
  EXPECT_TRUE(parse_cpuset("auto").automatic);
  EXPECT_TRUE(parse_cpuset("auto").cpus.empty());
}

TEST(ParseCpuset, RefusesNonsense) {
  for (const char* text : {"", ",", "0,", ",0", "0,,1", "-1", "1-", "a", "0-a", "0 1", "+1", "1.5"})
    EXPECT_THAT(refusal([&] { parse_cpuset(text); }), HasSubstr("hint: a list of CPUs")) << text;
  EXPECT_THAT(refusal([] { parse_cpuset("2-0"); }), HasSubstr("runs backwards"));
  EXPECT_THAT(refusal([] { parse_cpuset("0-999999999"); }), HasSubstr("above 8191"));
  EXPECT_THAT(refusal([] { parse_cpuset("99999999999999999999"); }), HasSubstr("above 8191"));
}

TEST(ParseNumber, HoldsItsBounds) {
  EXPECT_EQ(parse_number("1", 1, 9), 1u);
  EXPECT_EQ(parse_number("9", 1, 9), 9u);
  EXPECT_EQ(refusal([] { parse_number("0", 1, 9); }), "0: too small: the least is 1");
  EXPECT_EQ(refusal([] { parse_number("10", 1, 9); }), "10: too large: the most is 9");
  EXPECT_EQ(refusal([] { parse_number("99999999999999999999", 1, 9); }),
            "99999999999999999999: too large: the most is 9");
  EXPECT_EQ(refusal([] { parse_number("3.7", 1, 9); }), "3.7: not a whole number");
  EXPECT_EQ(refusal([] { parse_number("-3", 1, 9); }),
            "-3: not a whole number: it must not be negative");
}

TEST(FormatBytes, UsesTheLargestUnitThatFits) {
  EXPECT_EQ(format_bytes(0), "0 bytes");
  EXPECT_EQ(format_bytes(1), "1 byte");
  EXPECT_EQ(format_bytes(1023), "1023 bytes");
  EXPECT_EQ(format_bytes(1024), "1 KiB");
  EXPECT_EQ(format_bytes(256u << 20), "256 MiB");
  EXPECT_EQ(format_bytes((256u << 20) - 4096), "256 MiB");
  EXPECT_EQ(format_bytes(1'288'490'189), "1.2 GiB");
  EXPECT_EQ(format_bytes(2ull << 30), "2 GiB");
  EXPECT_EQ(format_bytes((1u << 20) - 1), "1 MiB");
  EXPECT_EQ(format_bytes(~0ull), "16 EiB");
}

TEST(FormatSeconds, DropsWhatNobodyReads) {
  EXPECT_EQ(format_seconds(30), "30 s");
  EXPECT_EQ(format_seconds(0.1), "0.1 s");
  EXPECT_EQ(format_seconds(0), "0 s");
  EXPECT_EQ(format_seconds(0.004), "0.004 s");
  EXPECT_EQ(format_seconds(1.25), "1.25 s");
  EXPECT_EQ(format_seconds(12.34), "12.3 s");
  EXPECT_EQ(format_seconds(3600), "3600 s");
}

}  // namespace
}  // namespace sandbox
