#include <gtest/gtest.h>

#include "ctest/build_tree.h"
#include "sys/error.h"

namespace sandbox::ctest {
namespace {

TEST(ListOfTests, AsCTestTellsIt) {
  const auto tests = parse_tests(R"(a line of the project's own
{"kind": "ctestInfo", "tests": [
  {"name": "one", "command": ["/b/one", "x y"], "properties": [
    {"name": "ENVIRONMENT", "value": ["A=1", "B=2=3"]}, {"name": "ENVIRONMENT_MODIFICATION", "value": ["PATH=set:x"]},
    {"name": "FIXTURES_REQUIRED", "value": ["db"]}, {"name": "LABELS", "value": ["x", "y"]},
    {"name": "TIMEOUT", "value": 1.5}, {"name": "WORKING_DIRECTORY", "value": "/b"}]},
  {"name": "gone", "properties": []}]})");
  ASSERT_EQ(tests.size(), 2U);
  EXPECT_EQ(tests[0].command, (std::vector<std::string>{"/b/one", "x y"}));
  EXPECT_EQ(tests[0].environment_names, (std::vector<std::string>{"A", "B", "PATH"}));
  EXPECT_EQ(tests[0].labels, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(tests[0].timeout, std::chrono::milliseconds{1500});
  EXPECT_EQ(tests[0].working_directory, "/b");
  EXPECT_TRUE(tests[0].has_fixture);
  EXPECT_TRUE(tests[1].command.empty());
  EXPECT_FALSE(tests[1].has_fixture);
}

TEST(CTestsWords, FilesBelowItsFolderAreFound) {
  const BuildFolders tree{.build = "/b"};
  EXPECT_EQ(below_tree({"--resource-spec-file", "s.json", "-R", "s.json", "--tests-from-file=t",
                        "--exclude-from-file", "/x"},
                       tree),
            (std::vector<std::string>{"--resource-spec-file", "/b/s.json", "-R", "s.json",
                                      "--tests-from-file=/b/t", "--exclude-from-file", "/x"}));
}

TEST(ListOfTests, OtherTextIsNone) {
  for (const char* text : {"", "no tests", "{", "[]", R"({"kind": "other"})",
                           R"({"kind": "ctestInfo", "tests": [{}]})"})
    EXPECT_THROW(parse_tests(text), Error) << text;
}

}  // namespace
}  // namespace sandbox::ctest
