#include "ctest/shadow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sandbox::ctest {
namespace {

using testing::HasSubstr;

TEST(Shadow, NothingInAWordEndsIt) {
  const BuildFolders tree{.build = "/b"};
  Arranged arranged;
  arranged.tests = {
      {.launcher = {"/s", "--name=]=]", "--", "/t"}, .ctest_timeout = std::chrono::seconds{12}}};
  const std::string text = shadow_test_file(tree, {{.name = "]=]"}}, arranged);
  EXPECT_THAT(text, HasSubstr("set_property(GLOBAL PROPERTY sandbox_name_1 [==[\n]=]]==])\n"));
  EXPECT_THAT(text, HasSubstr("sandbox_launcher_1 [===[\n[=[\n/s]=] [==[\n--name=]=]]==] "
                              "[=[\n--]=] [=[\n/t]=]]===])\n"));
  EXPECT_THAT(text, HasSubstr("subdirs([=[\n/b]=])\n"));
  EXPECT_THAT(text,
              HasSubstr("set_tests_properties([==[\n]=]]==] PROPERTIES TIMEOUT 12 ${asks})\n"));
}

TEST(Shadow, TheConfigurationIsTheTreesButForItsFolder) {
  EXPECT_EQ(
      shadow_configuration("SourceDirectory: /s\nBuildDirectory: /b\nTimeOut: 9\n", "/shadow"),
      "SourceDirectory: /s\nBuildDirectory: /shadow\nTimeOut: 9\n");
}

}  // namespace
}  // namespace sandbox::ctest
