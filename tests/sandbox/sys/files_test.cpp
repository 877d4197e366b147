#include "sys/files.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace sandbox {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

TEST(Split, KeepsEmptyPiecesButNotOneAtTheEnd) {
  EXPECT_THAT(split("a::b:", ':'), ElementsAre("a", "", "b"));
  EXPECT_THAT(split("a", ':'), ElementsAre("a"));
  EXPECT_THAT(split("", ':'), ElementsAre());
}

TEST(Escapes, AreUndoneWhereTheKernelWroteThem) {
  EXPECT_EQ(undo_escapes(R"(/a\040b\134c)"), R"(/a b\c)");
  EXPECT_EQ(undo_escapes(R"(/a\9)"), R"(/a\9)");
}

TEST(Numbers, AreReadAtTheStartOnly) {
  EXPECT_EQ(leading_number(" 12 kB"), 12U);
  EXPECT_EQ(leading_number("kB 12"), std::nullopt);
  EXPECT_EQ(leading_number(""), std::nullopt);
}

TEST(Numbers, BelongToAWholeKey) {
  const char* const kStat = "total_rss 1\nrss 2\nrss_huge 3\n";
  EXPECT_EQ(keyed_number(kStat, "rss"), 2U);
  EXPECT_EQ(keyed_number(kStat, "rss_huge"), 3U);
  EXPECT_EQ(keyed_number(kStat, "huge"), std::nullopt);
}

TEST(Subfolders, AreFoldersOnly) {
  char made[] = "/tmp/sandbox-files-XXXXXX";
  ASSERT_NE(::mkdtemp(made), nullptr);
  const std::string root = made;
  std::filesystem::create_directory(root + "/.hidden");
  std::filesystem::create_directory(root + "/folder");
  std::filesystem::create_directory_symlink("folder", root + "/link");
  std::ofstream{root + "/file"} << "x";
  EXPECT_THAT(subfolders(AT_FDCWD, made), UnorderedElementsAre(".hidden", "folder"));
  EXPECT_THAT(subfolders(AT_FDCWD, (root + "/file").c_str()), ElementsAre());
  std::filesystem::remove_all(root);
}

TEST(Paths, HaveABaseName) {
  EXPECT_EQ(base_name("/a/b"), "b");
  EXPECT_EQ(base_name("b"), "b");
  EXPECT_EQ(base_name("/"), "");
}

TEST(Paths, LieWithinFoldersNotWithinTheirPrefixes) {
  EXPECT_TRUE(is_within("/a/b", "/a"));
  EXPECT_TRUE(is_within("/a", "/a"));
  EXPECT_TRUE(is_within("/a", "/"));
  EXPECT_FALSE(is_within("/ab", "/a"));
  EXPECT_FALSE(is_within("/a", "/a/b"));
}

}  // namespace
}  // namespace sandbox
