#include "ctest/shadow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sandbox::ctest {
namespace {

using testing::HasSubstr;

TEST(Shadow, NothingInAWordEndsIt) {
  const BuildFolders tree{.build = "/b"};
  Arranged arranged;
  arranged.tests = {{.launcher = {"/s", "--name=]=]", "--"},
                     .program = "a[0]=",
                     .skips = true,
                     .ctest_timeout = std::chrono::seconds{12}}};
  const std::string text = shadow_test_file(tree, {{.name = "]=]"}}, arranged);
  EXPECT_THAT(text, HasSubstr("[==[\nsandbox_launcher 1 ]=]]==] [===[\n[=[\n/s]=] "
                              "[==[\n--name=]=]]==] [=[\n--]=]]===])\n"));
  EXPECT_THAT(text, HasSubstr("[==[\nsandbox_program 1 ]=]]==] [===[\n[==[\na[0]=]==]]===])\n"));
  EXPECT_THAT(text, HasSubstr("subdirs([=[\n/b]=])\n"));
  EXPECT_THAT(text,
              HasSubstr("set_tests_properties([==[\n]=]]==] PROPERTIES TIMEOUT 12 ${asks})\n"));
  EXPECT_THAT(text,
              HasSubstr("set_tests_properties([==[\n]=]]==] PROPERTIES SKIP_RETURN_CODE 77)\n"));
}

TEST(Shadow, TestsOfOneNameAreCounted) {
  Arranged arranged;
  arranged.tests = {{.launcher = {"/s"}}, {.launcher = {"/t"}}};
  const std::string text =
      shadow_test_file({.build = "/b"}, {{.name = "a"}, {.name = "a"}}, arranged);
  EXPECT_THAT(text, HasSubstr("[=[\nsandbox_launcher 1 a]=] [==[\n[=[\n/s]=]]==])\n"));
  EXPECT_THAT(text, HasSubstr("[=[\nsandbox_launcher 2 a]=] [==[\n[=[\n/t]=]]==])\n"));
}

TEST(Shadow, TheConfigurationIsTheTreesButForItsFolder) {
  EXPECT_EQ(
      shadow_configuration("SourceDirectory: /s\nBuildDirectory: /b\nTimeOut: 9\n", "/shadow"),
      "SourceDirectory: /s\nBuildDirectory: /shadow\nTimeOut: 9\n");
}

}  // namespace
}  // namespace sandbox::ctest
