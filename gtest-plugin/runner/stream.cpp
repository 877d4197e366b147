#include "runner/stream.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace sandbox::runner {
namespace {

constexpr std::string_view kStart = "[ RUN      ] ";
constexpr std::string_view kSuite = "[----------] ";
constexpr std::string_view kHeader = "[==========] ";
constexpr std::string_view kFailed = "[  FAILED  ] ";
constexpr std::string_view kFailedSuite = ": SetUpTestSuite or TearDownTestSuite";
constexpr std::size_t kLongestLine = 1 << 20;  // more is handed on in pieces

struct EndMark {
  std::string_view text;
  TestEnd end;
};
constexpr std::array<EndMark, 3> kEnds{{{"[       OK ] ", TestEnd::passed},
                                        {"[  FAILED  ] ", TestEnd::failed},
                                        {"[  SKIPPED ] ", TestEnd::skipped}}};

std::string_view without_newline(std::string_view line) {
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// "3 tests from A", "1 test from Y/0, where TypeParam = int": "A", "Y/0". Empty: another line.
std::string_view suite_in(std::string_view line) {
  const std::size_t digits = line.find_first_not_of("0123456789");
  if (digits == 0 || digits == std::string_view::npos) return {};
  std::string_view rest = line.substr(digits);
  for (const std::string_view words : {" tests from ", " test from "}) {
    if (!rest.starts_with(words)) continue;
    rest.remove_prefix(words.size());
    return rest.substr(0, std::min(rest.find(", where "), rest.find(" (")));
  }
  return {};
}

bool is_note(std::string_view line) {
  return line.starts_with("Note: Google Test filter = ") ||
         line.starts_with("Note: This is test shard ") ||
         line.starts_with("Note: Randomizing tests' orders ");
}

// " 2 FAILED TESTS", "  YOU HAVE 1 DISABLED TEST", "[  PASSED  ] 4 tests."
bool is_summary(std::string_view line) {
  constexpr std::array<std::string_view, 3> kMarks{"[  PASSED  ] ", "[  SKIPPED ] ",
                                                   "[  FAILED  ] "};
  if (line.empty() || line.starts_with("  YOU HAVE ")) return true;
  if (std::ranges::any_of(kMarks, [&](auto mark) { return line.starts_with(mark); })) return true;
  return line.starts_with(' ') && line.find(" FAILED TEST") != std::string_view::npos;
}

}  // namespace

void StreamReader::feed(std::string_view bytes) {
  rest_ += bytes;
  std::string_view left = rest_;
  for (std::size_t end = left.find('\n'); end != std::string_view::npos; end = left.find('\n')) {
    take(left.substr(0, end + 1));
    left.remove_prefix(end + 1);
  }
  if (left.size() > kLongestLine) {
    sink_.on_text(left);
    left = {};
  }
  rest_.erase(0, rest_.size() - left.size());
}

void StreamReader::finish() {
  if (!rest_.empty()) take(rest_);
  rest_.clear();
}

void StreamReader::take(std::string_view line) {
  const bool is_gtests = running_ == TestList::npos ? take_start(line) || take_suite(line) ||
                                                          is_frame(without_newline(line))
                                                    : take_end(line);
  if (is_gtests) return;
  if (running_ == TestList::npos && without_newline(line).ends_with(": Failure"))
    sink_.on_failure_outside(without_newline(line));
  sink_.on_text(line);
}

// gtest writes a mark where the program has left its own line.
bool StreamReader::take_start(std::string_view line) {
  const std::size_t at = line.find(kStart);
  if (at == std::string_view::npos) return false;
  const std::size_t test = tests_.find(without_newline(line.substr(at + kStart.size())));
  if (test == TestList::npos) return false;
  if (at > 0) sink_.on_text(line.substr(0, at));
  running_ = test;
  in_footer_ = false;
  sink_.on_start(test);
  return true;
}

bool StreamReader::take_end(std::string_view line) {
  const std::string name = tests_[running_].full_name();
  for (const EndMark& mark : kEnds) {
    const std::size_t at = line.find(std::string{mark.text} + name);
    if (at == std::string_view::npos) continue;
    const std::string_view after =
        without_newline(line.substr(at + mark.text.size() + name.size()));
    if (!after.empty() && !after.starts_with(" (") && !after.starts_with(", where ")) continue;
    if (at > 0) sink_.on_text(line.substr(0, at));
    const std::size_t test = running_;
    running_ = TestList::npos;
    sink_.on_end(test, mark.end, line.substr(at));
    return true;
  }
  return false;
}

bool StreamReader::take_suite(std::string_view line) {
  if (!line.starts_with(kSuite)) return false;
  const std::string_view words = without_newline(line.substr(kSuite.size()));
  if (words.starts_with("Global test environment ")) return true;
  const std::string_view suite = suite_in(words);
  if (suite.empty()) return false;
  if (words.ends_with(" total)")) {
    sink_.on_suite_end(line);
  } else {
    sink_.on_suite(suite, line);
  }
  return true;
}

// What is around all TESTs, and is written anew for all sandboxes together.
bool StreamReader::is_frame(std::string_view line) {
  if (line.starts_with(kHeader)) {
    in_footer_ = line.find(" ran.") != std::string_view::npos;
    if (in_footer_) sink_.on_summary();
    return true;
  }
  if (in_footer_ && line.starts_with(kFailed) && line.ends_with(kFailedSuite)) {
    line.remove_prefix(kFailed.size());
    line.remove_suffix(kFailedSuite.size());
    sink_.on_suite_failed(line);
    return true;
  }
  return is_note(line) || (in_footer_ && is_summary(line));
}

}  // namespace sandbox::runner
