#include "runner/stream.h"

#include <gtest/gtest.h>

#include "gtest-plugin/runner/make.h"

namespace sandbox::runner {
namespace {

// All that was handed on, in one text.
class Notes : public StreamSink {
 public:
  void on_text(std::string_view text) override { said += "<" + std::string{text} + ">"; }
  void on_suite(std::string_view suite, std::string_view) override {
    said += "suite " + std::string{suite} + ";";
  }
  void on_suite_end(std::string_view) override { said += "suite ends;"; }
  void on_start(std::size_t test) override { said += "start " + std::to_string(test) + ";"; }
  void on_end(std::size_t test, TestEnd end, std::string_view) override {
    const char* const ends[] = {"passed", "failed", "skipped"};
    said += std::string{ends[static_cast<int>(end)]} + " " + std::to_string(test) + ";";
  }

  void on_suite_failed(std::string_view suite) override {
    said += "suite " + std::string{suite} + " failed;";
  }
  void on_failure_outside(std::string_view) override { said += "failure;"; }
  void on_summary() override { said += "summary;"; }

  std::string said{};
};

std::string read(std::string_view text, std::size_t step = std::string_view::npos) {
  const TestList tests = three_tests();
  Notes notes;
  StreamReader reader{tests, notes};
  for (; !text.empty(); text.remove_prefix(std::min(step, text.size())))
    reader.feed(text.substr(0, step));
  reader.finish();
  return notes.said;
}

constexpr std::string_view kWhole =
    "main says\n"
    "Note: Google Test filter = *\n"
    "[==========] Running 3 tests from 2 test suites.\n"
    "[----------] Global test environment set-up.\n"
    "[----------] 2 tests from A\n"
    "[ RUN      ] A.x\n"
    "words\n"
    "[       OK ] A.x (0 ms)\n"
    "[ RUN      ] A.y\n"
    "no newline[  FAILED  ] A.y, where GetParam() = 1 (12 ms)\n"
    "[----------] 2 tests from A (12 ms total)\n"
    "\n"
    "[----------] 1 test from B\n"
    "[ RUN      ] B.z\n"
    "[  SKIPPED ] B.z (0 ms)\n"
    "[----------] 1 test from B (0 ms total)\n"
    "\n"
    "[----------] Global test environment tear-down\n"
    "[==========] 3 tests from 2 test suites ran. (12 ms total)\n"
    "[  PASSED  ] 1 test.\n"
    "[  SKIPPED ] 1 test, listed below:\n"
    "[  SKIPPED ] B.z\n"
    "[  FAILED  ] 1 test, listed below:\n"
    "[  FAILED  ] A.y, where GetParam() = 1\n"
    "\n"
    " 1 FAILED TEST\n"
    "[  FAILED  ] B: SetUpTestSuite or TearDownTestSuite\n"
    "\n"
    " 1 FAILED TEST SUITE\n"
    "at exit\n";
constexpr const char* kWholeRead =
    "<main says\n>suite A;start 0;<words\n>passed 0;start 1;<no newline>failed 1;suite ends;<\n>"
    "suite B;start 2;skipped 2;suite ends;<\n>summary;suite B failed;<at exit\n>";

TEST(Stream, IsTakenApart) {
  EXPECT_EQ(read(kWhole), kWholeRead);
}

TEST(Stream, ComesInPiecesOfAnySize) {
  for (std::size_t step = 1; step < 40; ++step) EXPECT_EQ(read(kWhole, step), kWholeRead) << step;
}

TEST(Stream, OnlyTheOneThatRunsCanEnd) {
  EXPECT_EQ(read("[ RUN      ] A.x\n[       OK ] A.y (0 ms)\n[       OK ] A.xx (0 ms)\n"),
            "start 0;<[       OK ] A.y (0 ms)\n><[       OK ] A.xx (0 ms)\n>");
}

TEST(Stream, OnlyAKnownTestCanStart) {
  EXPECT_EQ(read("[ RUN      ] C.c\n[ RUN      ] A.x\n[ RUN      ] A.y\n"),
            "<[ RUN      ] C.c\n>start 0;<[ RUN      ] A.y\n>");
}

TEST(Stream, ALastLineWithoutEndIsToldToo) {
  EXPECT_EQ(read("[ RUN      ] A.x\nlast"), "start 0;<last>");
}

TEST(Stream, AVeryLongLineIsNotKept) {
  const std::string line(3 << 20, 'x');
  const std::string said = read("[ RUN      ] A.x\n" + line + "\n[       OK ] A.x (0 ms)\n", 65536);
  EXPECT_TRUE(said.ends_with(">passed 0;"));
  EXPECT_EQ(std::count(said.begin(), said.end(), 'x'), 3 << 20);
}

}  // namespace
}  // namespace sandbox::runner
