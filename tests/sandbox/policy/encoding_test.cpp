#include "policy/encoding.h"

#include <gtest/gtest.h>

namespace sandbox {
namespace {

TEST(Encoding, KeepsValidUtf8) {
  for (const std::string text : {"", "plain", "ü", "日本", "😀", "\x7f", "\xf4\x8f\xbf\xbf",
                                 "\xed\x9f\xbf", "\xee\x80\x80"}) {
    EXPECT_EQ(to_utf8(text), text);
    EXPECT_TRUE(is_utf8(text));
  }
  const std::string zero("a\0b", 3);
  EXPECT_EQ(to_utf8(zero), zero);
}

TEST(Encoding, ReplacesEachByteThatIsNotUtf8) {
  EXPECT_EQ(to_utf8("a\xff"
                    "b"),
            "a\ufffdb");
  EXPECT_EQ(to_utf8("\x80"), "\ufffd");
  EXPECT_EQ(to_utf8("\xc3"), "\ufffd");  // cut short
  EXPECT_EQ(to_utf8("\xe2\x82"
                    "x"),
            "\ufffd\ufffdx");                                          // cut short by another
  EXPECT_EQ(to_utf8("\xc0\xaf"), "\ufffd\ufffd");                      // overlong
  EXPECT_EQ(to_utf8("\xe0\x80\x80"), "\ufffd\ufffd\ufffd");            // overlong
  EXPECT_EQ(to_utf8("\xed\xa0\x80"), "\ufffd\ufffd\ufffd");            // a surrogate
  EXPECT_EQ(to_utf8("\xf4\x90\x80\x80"), "\ufffd\ufffd\ufffd\ufffd");  // above U+10FFFF
  EXPECT_EQ(to_utf8("\xc3\xff\xc3\xbc"), "\ufffd\ufffdü");
}

TEST(Encoding, EncodesBase64AsTheRfcDoes) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xff\xfe\xfb"), "//77");
}

TEST(Encoding, ReadsOnlyTheBase64ThatItWrites) {
  for (const char* bytes : {"", "f", "fo", "foo", "foob", "fooba", "foobar", "\xff\xfe\xfb"}) {
    EXPECT_EQ(from_base64(base64(bytes)), bytes);
  }
  for (const char* text :
       {"Z", "Zg", "Zg=", "Zh==", "Zm9v=", "=", "==", "Zm9 v", "Zg==Zg==", "-_-_"})
    EXPECT_EQ(from_base64(text), std::nullopt) << text;
}

TEST(ForXml, HasNoControlCharactersButThree) {
  EXPECT_EQ(for_xml("a\tb\nc\rd\x01\x1b[0m\xff"), "a\tb\nc\rd[0m\xef\xbf\xbd");
}

}  // namespace
}  // namespace sandbox
