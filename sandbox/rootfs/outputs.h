// Files and folders that the test was told to write: declared in its arguments and environment.
#pragma once

#include <string>
#include <vector>

namespace sandbox {

struct DeclaredOutput {
  std::string path{};  // absolute
  bool directory =
      false;  // a folder is bound writable; a file is created empty if missing and bound as a file
  std::string why{};  // "--gtest_output", "XML_OUTPUT_FILE", "LLVM_PROFILE_FILE"
};

// Files: --gtest_output=xml:FILE and json:FILE and GTEST_OUTPUT (a trailing slash or no name means
// a folder or gtest's default name), XML_OUTPUT_FILE, TEST_PREMATURE_EXIT_FILE,
// TEST_WARNINGS_OUTPUT_FILE, --benchmark_out=FILE, Catch2's `-o FILE`/`--out FILE` only after
// `-r`/`--reporter`.
// Folders: the folder of LLVM_PROFILE_FILE's pattern (a name without % is a file), GCOV_PREFIX,
// TEST_UNDECLARED_OUTPUTS_DIR, TEST_UNDECLARED_OUTPUTS_ANNOTATIONS_DIR. Never cwd, a project folder
// itself, the program's folder, a fresh place or $HOME as a folder: those are left out with a
// warning. Paths are real; nothing is created.
struct DeclaredOutputs {
  std::vector<DeclaredOutput> outputs{};
  std::vector<std::string> warnings{};
};
DeclaredOutputs find_declared_outputs(const std::vector<std::string>& command,
                                      const std::vector<std::string>& environment,
                                      const std::string& cwd,
                                      const std::vector<std::string>& protected_folders);

}  // namespace sandbox
