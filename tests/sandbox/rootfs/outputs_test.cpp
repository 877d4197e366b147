#include "rootfs/outputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <filesystem>

#include "sandbox/rootfs/tree.h"
#include "sys/unique_fd.h"

namespace sandbox {
namespace {

using test::Tree;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

auto file(const std::string& path) {
  return AllOf(Field(&DeclaredOutput::path, path), Field(&DeclaredOutput::directory, false));
}
auto folder(const std::string& path) {
  return AllOf(Field(&DeclaredOutput::path, path), Field(&DeclaredOutput::directory, true));
}
auto because(const std::string& why) {
  return Field(&DeclaredOutput::why, why);
}

class OutputsTest : public ::testing::Test {
 protected:
  OutputsTest() : cwd_(tree_.folder("p/build")), protected_{tree_.at("p"), tree_.at("tools/bin")} {}

  DeclaredOutputs find(std::vector<std::string> arguments,
                       const std::vector<std::string>& environment = {}) const {
    arguments.insert(arguments.begin(), "./t");
    return find_declared_outputs(arguments, environment, cwd_, protected_);
  }
  std::vector<DeclaredOutput> outputs(std::vector<std::string> arguments,
                                      const std::vector<std::string>& environment = {}) const {
    return find(std::move(arguments), environment).outputs;
  }

  Tree tree_;
  std::string cwd_;
  std::vector<std::string> protected_;
};

TEST_F(OutputsTest, AreNoneWhereNoneIsDeclared) {
  const DeclaredOutputs found =
      find({"--gtest_filter=A.*", "-o", "x", "--gtest_output"}, {"HOME=/x"});
  EXPECT_THAT(found.outputs, IsEmpty());
  EXPECT_THAT(found.warnings, IsEmpty());
}

TEST_F(OutputsTest, GoogleTestsFileIsRelativeToCwd) {
  EXPECT_THAT(outputs({"--gtest_output=xml:out/r.xml"}),
              ElementsAre(AllOf(file(tree_.at("p/build/out/r.xml")), because("--gtest_output"))));
  EXPECT_THAT(outputs({"--gtest_output=json:/var/lib/r.json"}),
              ElementsAre(file("/var/lib/r.json")));
}

TEST_F(OutputsTest, GoogleTestsDefaultNameIsInCwd) {
  EXPECT_THAT(outputs({"--gtest_output=xml"}),
              ElementsAre(file(tree_.at("p/build/test_detail.xml"))));
  EXPECT_THAT(outputs({"--gtest_output=json:"}),
              ElementsAre(file(tree_.at("p/build/test_detail.json"))));
}

TEST_F(OutputsTest, GoogleTestsFinalSlashMeansAFolder) {
  EXPECT_THAT(outputs({"--gtest_output=xml:reports/"}),
              ElementsAre(folder(tree_.at("p/build/reports"))));
}

TEST_F(OutputsTest, GoogleTestTakesTheLastOptionBeforeTheVariable) {
  EXPECT_THAT(
      outputs({"--gtest_output=xml:a.xml", "--gtest_output=xml:b.xml"}, {"GTEST_OUTPUT=xml:c.xml"}),
      ElementsAre(file(tree_.at("p/build/b.xml"))));
  EXPECT_THAT(outputs({}, {"GTEST_OUTPUT=xml:c.xml"}),
              ElementsAre(AllOf(file(tree_.at("p/build/c.xml")), because("GTEST_OUTPUT"))));
}

TEST_F(OutputsTest, VariablesNameFiles) {
  for (const char* name : {"XML_OUTPUT_FILE", "TEST_WARNINGS_OUTPUT_FILE"}) {
    EXPECT_THAT(outputs({}, {name + std::string{"=/var/lib/x"}}),
                ElementsAre(AllOf(file("/var/lib/x"), because(name))));
    EXPECT_THAT(outputs({}, {name + std::string{"="}}), IsEmpty());
  }
}

// The test removes it at a good end, which takes its folder.
TEST_F(OutputsTest, AFileToBeRemovedTakesItsFolderWhereThatIsFree) {
  EXPECT_THAT(outputs({}, {"TEST_PREMATURE_EXIT_FILE=/var/lib/x"}),
              ElementsAre(folder("/var/lib")));
  EXPECT_THAT(outputs({}, {"TEST_PREMATURE_EXIT_FILE=x"}),
              ElementsAre(file(tree_.at("p/build/x"))));
}

TEST_F(OutputsTest, VariablesNameFolders) {
  for (const char* name :
       {"GCOV_PREFIX", "TEST_UNDECLARED_OUTPUTS_DIR", "TEST_UNDECLARED_OUTPUTS_ANNOTATIONS_DIR"}) {
    EXPECT_THAT(outputs({}, {name + std::string{"=/var/lib/x"}}),
                ElementsAre(AllOf(folder("/var/lib/x"), because(name))));
  }
}

TEST_F(OutputsTest, ABenchmarksFileIsDeclared) {
  EXPECT_THAT(outputs({"--benchmark_out=b.json", "--benchmark_out_format=json"}),
              ElementsAre(file(tree_.at("p/build/b.json"))));
}

TEST_F(OutputsTest, CatchsFileCountsOnlyAfterAReporter) {
  EXPECT_THAT(outputs({"-r", "junit", "-o", "c.xml"}),
              ElementsAre(file(tree_.at("p/build/c.xml"))));
  EXPECT_THAT(outputs({"--reporter=junit", "--out=c.xml"}),
              ElementsAre(file(tree_.at("p/build/c.xml"))));
  EXPECT_THAT(outputs({"-o", "c.xml", "-r", "junit"}), IsEmpty());
  EXPECT_THAT(outputs({"-r", "junit", "-o", "-", "-o", "%stdout", "-o"}), IsEmpty());
}

TEST_F(OutputsTest, AProfilePatternsFolderIsDeclared) {
  EXPECT_THAT(outputs({}, {"LLVM_PROFILE_FILE=cov/%m-%p.profraw"}),
              ElementsAre(AllOf(folder(tree_.at("p/build/cov")), because("LLVM_PROFILE_FILE"))));
  EXPECT_THAT(outputs({}, {"LLVM_PROFILE_FILE=/var/lib/cov/%p/x.profraw"}),
              ElementsAre(folder("/var/lib/cov")));
}

TEST_F(OutputsTest, AProfileWithoutAPatternIsAFile) {
  EXPECT_THAT(outputs({}, {"LLVM_PROFILE_FILE=one.profraw"}),
              ElementsAre(file(tree_.at("p/build/one.profraw"))));
}

TEST_F(OutputsTest, AProfileInTheSandboxsOwnTmpdirIsLostWithAWarning) {
  const DeclaredOutputs found = find({}, {"LLVM_PROFILE_FILE=%t/x.profraw"});
  EXPECT_THAT(found.outputs, IsEmpty());
  EXPECT_THAT(found.warnings, ElementsAre(HasSubstr("LLVM_PROFILE_FILE=%t/x.profraw")));
}

TEST_F(OutputsTest, CwdProjectAndProgramStayReadOnlyWithAWarning) {
  for (const std::string& place : {std::string{"."}, tree_.at("p"), tree_.at("tools"),
                                   tree_.at("tools/bin"), std::string{"/"}}) {
    const DeclaredOutputs found = find({}, {"GCOV_PREFIX=" + place});
    EXPECT_THAT(found.outputs, IsEmpty()) << place;
    EXPECT_THAT(found.warnings, ElementsAre(HasSubstr("GCOV_PREFIX: " + place))) << place;
  }
  EXPECT_THAT(find({}, {"LLVM_PROFILE_FILE=%p.profraw"}).warnings,
              ElementsAre(HasSubstr("LLVM_PROFILE_FILE")));
  EXPECT_THAT(find({"--gtest_output=xml:./"}).warnings, ElementsAre(HasSubstr("--gtest_output")));
}

TEST_F(OutputsTest, AFreshPlaceOrHomeStaysOutWithAWarning) {
  const std::string home = tree_.folder("home/u");
  for (const std::string& place : {std::string{"/tmp"}, std::string{"/tmp/"}, home}) {
    const DeclaredOutputs found = find({}, {"HOME=" + home, "GCOV_PREFIX=" + place});
    EXPECT_THAT(found.outputs, IsEmpty()) << place;
    EXPECT_THAT(found.warnings, ElementsAre(HasSubstr("GCOV_PREFIX: " + place))) << place;
  }
  EXPECT_THAT(outputs({}, {"HOME=" + home, "GCOV_PREFIX=" + home + "/cov"}),
              ElementsAre(folder(home + "/cov")));
}

TEST_F(OutputsTest, ASymlinkDoesNotUncoverTheProject) {
  tree_.link("innocent", "p");
  EXPECT_THAT(outputs({}, {"GCOV_PREFIX=" + tree_.at("innocent")}), IsEmpty());
}

TEST_F(OutputsTest, PathsAreRealEvenWhereTheyDoNotExistYet) {
  tree_.folder("real");
  tree_.link("link", "real");
  EXPECT_THAT(outputs({"--gtest_output=xml:" + tree_.at("link/new/r.xml")}),
              ElementsAre(file(tree_.at("real/new/r.xml"))));
}

TEST_F(OutputsTest, DevicesAreNotDeclared) {
  EXPECT_THAT(outputs({"--gtest_output=xml:/dev/stdout"}, {"XML_OUTPUT_FILE=/dev/null"}),
              IsEmpty());
}

// Its link reads "/memfd:name (deleted)", which would be made on the host.
TEST_F(OutputsTest, MemoryIsNotDeclared) {
  const UniqueFd memory{::memfd_create("name", MFD_CLOEXEC)};
  const std::string number = std::to_string(memory.get());
  for (const char* folder : {"/proc/self/fd/", "/dev/fd/"})
    EXPECT_THAT(outputs({"--gtest_output=xml:" + (folder + number)}), IsEmpty());
}

TEST_F(OutputsTest, AFolderInAFilesPlaceIsAWarning) {
  const DeclaredOutputs found = find({"--gtest_output=xml:" + tree_.folder("d")});
  EXPECT_THAT(found.outputs, IsEmpty());
  EXPECT_THAT(found.warnings, ElementsAre(HasSubstr("names a folder")));
  EXPECT_THAT(find({}, {"GCOV_PREFIX=" + tree_.file("f")}).warnings,
              ElementsAre(HasSubstr("names a file")));
}

TEST_F(OutputsTest, NothingIsDeclaredTwice) {
  EXPECT_THAT(outputs({"--gtest_output=xml:/var/lib/r.xml"}, {"XML_OUTPUT_FILE=/var/lib/r.xml"}),
              ElementsAre(file("/var/lib/r.xml")));
  EXPECT_THAT(
      outputs({"--gtest_output=xml:/var/lib/o/r.xml"},
              {"XML_OUTPUT_FILE=/var/lib/o/r.xml", "TEST_UNDECLARED_OUTPUTS_DIR=/var/lib/o"}),
      ElementsAre(folder("/var/lib/o")));
}

TEST_F(OutputsTest, NothingIsCreated) {
  static_cast<void>(find({"--gtest_output=xml:new/r.xml"}, {"GCOV_PREFIX=cov"}));
  EXPECT_FALSE(std::filesystem::exists(tree_.at("p/build/new")));
  EXPECT_FALSE(std::filesystem::exists(tree_.at("p/build/cov")));
}

}  // namespace
}  // namespace sandbox
