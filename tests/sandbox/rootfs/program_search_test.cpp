#include "rootfs/program_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rootfs/needs.h"
#include "sandbox/rootfs/elf_image.h"
#include "sandbox/rootfs/tree.h"
#include "sys/error.h"

namespace sandbox {
namespace {

using test::elf64;
using test::Tree;
using ::testing::HasSubstr;

class ProgramSearchTest : public ::testing::Test {
 protected:
  std::string find(const std::string& name, const std::string& path) const {
    return find_program(name, tree_.root(), {"PATH=" + path});
  }

  Error refusal(const std::string& name, const std::vector<std::string>& environment) const {
    try {
      ADD_FAILURE() << "found " << find_program(name, tree_.root(), environment);
    } catch (const Error& error) {
      return error;
    }
    return Error{""};
  }
  Error refusal(const std::string& name) const {
    return refusal(name, {"PATH=" + tree_.at("bin")});
  }

  std::string program(const std::string& name) const { return tree_.program(name, elf64({})); }

  Tree tree_;
};

TEST_F(ProgramSearchTest, ANameWithASlashIsTakenAgainstCwd) {
  program("sub/t");
  EXPECT_EQ(find("./sub/t", ""), tree_.at("sub/t"));
  EXPECT_EQ(find("sub/t", ""), tree_.at("sub/t"));
  EXPECT_EQ(find(tree_.at("sub/t"), ""), tree_.at("sub/t"));
}

TEST_F(ProgramSearchTest, SymlinksAreNotResolved) {
  program("real");
  tree_.link("t", "real");
  EXPECT_EQ(find("./t", ""), tree_.at("t"));
}

TEST_F(ProgramSearchTest, TheFirstExecutableInPathIsTaken) {
  tree_.file("a/t", elf64({}), 0644);
  tree_.folder("b/t");
  program("c/t");
  program("d/t");
  EXPECT_EQ(find("t", tree_.at("none") + ":" + tree_.at("a") + ":" + tree_.at("b") + ":" +
                          tree_.at("c") + ":" + tree_.at("d")),
            tree_.at("c/t"));
}

TEST_F(ProgramSearchTest, AnEmptyPathEntryIsCwd) {
  program("t");
  for (const char* path : {"", ":/none", "/none:", "/none::/none2", "."}) {
    EXPECT_EQ(find("t", path), tree_.at("t")) << path;
  }
}

TEST_F(ProgramSearchTest, WithoutPathTheDefaultIsSearched) {
  EXPECT_EQ(find_program("sh", "/", {}), "/bin/sh");
}

TEST_F(ProgramSearchTest, SaysThatAProgramInCwdIsNotInPath) {
  program("test_bin");
  const Error error = refusal("test_bin");
  EXPECT_STREQ(error.what(), "test_bin is not in PATH; ./test_bin exists");
  EXPECT_EQ(error.exit_code(), 127);
}

TEST_F(ProgramSearchTest, SaysThatPathIsNotSet) {
  EXPECT_STREQ(refusal("no_such_program", {}).what(),
               "no_such_program is not in PATH (PATH is not set)");
}

TEST_F(ProgramSearchTest, SaysThatTheOnlyOneInPathCannotBeExecuted) {
  tree_.file("bin/t", elf64({}), 0644);
  const Error error = refusal("t");
  EXPECT_EQ(error.what(), tree_.at("bin/t") + " has no execute permission");
  EXPECT_EQ(error.exit_code(), 126);
}

TEST_F(ProgramSearchTest, AMissingProgramIs127) {
  const Error error = refusal("./t");
  EXPECT_STREQ(error.what(), "./t does not exist");
  EXPECT_EQ(error.exit_code(), 127);
  tree_.file("file");
  EXPECT_EQ(refusal("./file/t").exit_code(), 127);
  EXPECT_EQ(refusal("").exit_code(), 127);
}

TEST_F(ProgramSearchTest, ADanglingSymlinkIsNamedAsSuch) {
  tree_.link("t", "gone");
  const Error error = refusal("./t");
  EXPECT_STREQ(error.what(), "./t is a symlink to gone, which does not exist");
  EXPECT_EQ(error.exit_code(), 127);
}

TEST_F(ProgramSearchTest, ALoopOfSymlinksIs126) {
  tree_.link("t", "t");
  const Error error = refusal("./t");
  EXPECT_THAT(error.what(), HasSubstr("ELOOP"));
  EXPECT_EQ(error.exit_code(), 126);
}

TEST_F(ProgramSearchTest, ADirectoryIs126) {
  tree_.folder("build");
  const Error error = refusal("./build");
  EXPECT_STREQ(error.what(), "./build is a directory");
  EXPECT_EQ(error.exit_code(), 126);
}

TEST_F(ProgramSearchTest, AFileWithoutPermissionIs126) {
  tree_.file("t", elf64({}), 0644);
  const Error error = refusal("./t");
  EXPECT_STREQ(error.what(), "./t has no execute permission");
  EXPECT_EQ(error.hint(), "chmod +x ./t");
  EXPECT_EQ(error.exit_code(), 126);
}

TEST_F(ProgramSearchTest, AScriptWhoseInterpreterIsMissingNamesIt) {
  tree_.program("t.py", "#!/usr/bin/no-such-python -u\n");
  const Error error = refusal("./t.py");
  EXPECT_STREQ(error.what(), "the interpreter of ./t.py does not exist: /usr/bin/no-such-python");
  EXPECT_EQ(error.exit_code(), 126);
}

TEST_F(ProgramSearchTest, AScriptWithWindowsLineEndsIsNamedAsSuch) {
  tree_.program("t.sh", "#!/bin/sh\r\necho\r\n");
  const Error error = refusal("./t.sh");
  EXPECT_THAT(error.what(), HasSubstr("carriage return"));
  EXPECT_EQ(error.hint(), "sed -i 's/\\r$//' ./t.sh");
}

TEST_F(ProgramSearchTest, AScriptWithoutAnInterpreterLineIs126) {
  tree_.program("t", "echo hello\n");
  const Error error = refusal("./t");
  EXPECT_STREQ(error.what(), "./t is a script without a \"#!\" line");
  EXPECT_THAT(error.hint(), HasSubstr("#!/bin/sh"));
  EXPECT_EQ(error.exit_code(), 126);
  tree_.program("bare", "#!\n");
  EXPECT_THAT(refusal("./bare").what(), HasSubstr("names no interpreter"));
  tree_.program("empty", "");
  EXPECT_STREQ(refusal("./empty").what(), "./empty is empty");
}

TEST_F(ProgramSearchTest, AMissingLoaderIsNamed) {
  tree_.program("t", elf64({"/lib/ld-of-no-system.so.1", "", "", {}}));
  const Error error = refusal("./t");
  EXPECT_STREQ(error.what(), "the loader of ./t does not exist: /lib/ld-of-no-system.so.1");
  EXPECT_EQ(error.exit_code(), 126);
}

TEST_F(ProgramSearchTest, ABinaryOfAnotherKindIsLeftToTheKernel) {
  tree_.program("t.exe", std::string{"MZ\0\0", 4});
  EXPECT_EQ(find("./t.exe", ""), tree_.at("t.exe"));
}

TEST_F(ProgramSearchTest, AProgramNamedToEnvIsRead) {
  const auto named = [](const char* interpreter, const char* argument) {
    Executable script;
    script.interpreter = interpreter;
    script.interpreter_argument = argument;
    return program_named_to_env(script);
  };
  EXPECT_EQ(named("/usr/bin/env", "python3"), "python3");
  EXPECT_EQ(named("/usr/bin/env", "-S A=b  python3 -u"), "python3");
  EXPECT_EQ(named("/usr/bin/python3", "-u"), "");
  EXPECT_EQ(named("/usr/bin/env", ""), "");
}

}  // namespace
}  // namespace sandbox
