// Tells sandbox-exec which TEST runs, and the TEST what it used. Registers itself; writes nothing
// to stdout.
#include <dirent.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "channel.h"
#include "sandbox/gtest.h"

namespace sandbox {
namespace internal {
namespace {

constexpr double kSlowSeconds = 1;
constexpr std::int64_t kUnknown = INT64_MIN;  // TestUsage::memory_grown_bytes

std::int64_t count_entries(const char* folder) {
  DIR* entries = ::opendir(folder);
  if (!entries) return 0;
  std::int64_t count = -3;  // ".", ".." and the folder's own descriptor
  while (::readdir(entries)) ++count;
  ::closedir(entries);
  return count;
}

// Each has a folder in /proc/self/task, which counts as a link of it.
std::int64_t count_threads() {
  struct stat folder;
  return ::stat("/proc/self/task", &folder) == 0 ? static_cast<std::int64_t>(folder.st_nlink) : 0;
}

// The size of the folder is their number from Linux 6.2.
std::int64_t count_descriptors() {
  struct stat folder;
  const bool counted = ::stat("/proc/self/fd", &folder) == 0 && folder.st_size > 0;
  return counted ? std::int64_t{folder.st_size} : count_entries("/proc/self/fd");
}

// Of this process.
struct Holdings {
  std::int64_t threads = count_threads();
  std::int64_t descriptors = count_descriptors();
};

std::string full_name(const ::testing::TestInfo& test) {
  return std::string{test.test_suite_name()} + "." + test.name();
}

const char* result_of(const ::testing::TestInfo& test) {
  if (test.result()->Failed()) return "failed";
  return test.result()->Skipped() ? "skipped" : "passed";
}

// With so many decimals, and a point whatever the locale of a TEST.
std::string fixed(double value, int decimals) {
  std::int64_t scale = 1;
  for (int i = 0; i < decimals; ++i) scale *= 10;
  const std::int64_t scaled = std::llround(std::abs(value) * static_cast<double>(scale));
  const std::string rest = std::to_string(scale + scaled % scale);  // "1" before its zeros
  return (value < 0 ? "-" : "") + std::to_string(scaled / scale) + "." + rest.substr(1);
}

std::string mib(std::int64_t bytes) {
  return fixed(static_cast<double>(bytes) / (1 << 20), 1) + " MiB";
}

std::string in_seconds(double value) {
  return fixed(value, 3) + " s";
}

TestUsage read_usage(const Answer& answer) {
  TestUsage usage;
  usage.known = !answer.empty();
  answer.read("wall_seconds", usage.wall_seconds);
  answer.read("cpu_user_seconds", usage.cpu_user_seconds);
  answer.read("cpu_system_seconds", usage.cpu_system_seconds);
  answer.read("cpu_throttled_seconds", usage.cpu_throttled_seconds);
  answer.read("memory_peak_bytes", usage.memory_peak_bytes);
  usage.memory_peak_cumulative = answer.is_true("memory_peak_cumulative");
  answer.read("memory_grown_bytes", usage.memory_grown_bytes);
  answer.read("oom_kills", usage.oom_kills);
  return usage;
}

enum class Print { never, slow, always };

Print wanted_print() {
  const char* word = std::getenv("SANDBOX_GTEST_PRINT");
  if (word && std::strcmp(word, "slow") == 0) return Print::slow;
  return word && std::strcmp(word, "always") == 0 ? Print::always : Print::never;
}

struct Place {
  const char* file = nullptr;
  int line = 0;
};

struct Budget {
  std::uint64_t bytes = 0;
  Place place{};
};

class Listener : public ::testing::EmptyTestEventListener {
 public:
  static Listener& instance() {
    static Listener* const listener = new Listener;  // gtest deletes it
    return *listener;
  }

  TestUsage usage() {
    if (!::testing::UnitTest::GetInstance()->current_test_info()) return TestUsage{};
    return read_usage(Answer{channel_.ask(Message{"usage"}.add("at_ns", monotonic_ns()))});
  }

  void set_memory_budget(std::uint64_t bytes, const Place& place) {
    Budget budget;
    budget.bytes = std::min<std::uint64_t>(bytes, INT64_MAX);
    budget.place = place;
    if (may_check()) budgets_.push_back(budget);
  }

  void forbid_leaks(const Place& place) {
    if (may_check()) no_leaks_ = place;
  }

 private:
  void OnTestProgramStart(const ::testing::UnitTest&) override {
    channel_.claim();
    print_ = wanted_print();
  }

  // Before its SetUpTestSuite: what that uses is no TEST's.
  void OnTestSuiteStart(const ::testing::TestSuite&) override { suite_begins_ = true; }

  void OnTestStart(const ::testing::TestInfo& test) override {
    budgets_.clear();
    no_leaks_ = Place{};
    if (suite_begins_ && channel_.is_open()) {
      channel_.ask(Message{"baseline"});
      before_ = Holdings{};
    }
    suite_begins_ = false;
    channel_.begin_test(full_name(test), test.file() ? test.file() : "", test.line());
  }

  void OnTestEnd(const ::testing::TestInfo& test) override {
    if (!channel_.is_open()) {
      channel_.end_test();
      return say_unanswered();
    }
    const std::int64_t at_ns = monotonic_ns();
    const Holdings after = holdings_at_end();
    const std::int64_t threads = after.threads - before_.threads;
    const std::int64_t descriptors = after.descriptors - before_.descriptors;
    const char* const result = result_of(test);
    const Answer answer{channel_.ask(Message{"test-end"}
                                         .add("result", result)
                                         .add("at_ns", at_ns)
                                         .add("threads_left", threads)
                                         .add("descriptors_left", descriptors))};
    channel_.end_test();
    if (answer.empty()) return say_unanswered();
    const TestUsage usage = read_usage(answer);
    std::int64_t processes = 0;
    answer.read("processes_left", processes);
    check_budgets(usage);
    check_leaks(processes, threads, descriptors);
    if (std::strcmp(result, result_of(test)) != 0)
      channel_.say(Message{"test-result"}.add("result", result_of(test)));
    record(usage, processes, threads, descriptors);
    print(test, usage);
    before_ = after;
  }

  // The kernel counts a thread for a moment after it was joined (pthread_join(3) does not wait for
  // that).
  Holdings holdings_at_end() const {
    constexpr int kLooks = 20;
    Holdings now;
    for (int look = 0; look < kLooks && now.threads > before_.threads; ++look) {
      ::usleep(look < kLooks / 2 ? 0 : 1000);
      now.threads = count_threads();
    }
    return now;
  }

  // --- what a TEST asked for

  bool may_check() {
    if (channel_.is_open()) return true;
    say_unchecked("no channel to sandbox-exec");
    return false;
  }

  void say_unanswered() {
    if (!budgets_.empty() || no_leaks_.file) say_unchecked("no answer from sandbox-exec");
  }

  // Not in the child of a death test, whose stderr is looked at.
  void say_unchecked(const char* why) {
    if (!said_unchecked_ && !::testing::internal::InDeathTestChild())
      (void)std::fprintf(stderr, "sandbox: %s, so budgets and leaks are not checked\n", why);
    said_unchecked_ = true;
  }

  // Its own peak where that is known, else by how much it has grown.
  void check_budgets(const TestUsage& usage) {
    const bool own = usage.memory_peak_bytes >= 0 && !usage.memory_peak_cumulative;
    const std::int64_t used = own ? usage.memory_peak_bytes : usage.memory_grown_bytes;
    if (!budgets_.empty() && used == kUnknown) say_unchecked("nothing here counts memory");
    for (const Budget& budget : budgets_) {
      if (used == kUnknown || used <= static_cast<std::int64_t>(budget.bytes)) continue;
      ADD_FAILURE_AT(budget.place.file, budget.place.line)
          << "memory " << (own ? "peak" : "grown by") << " " << mib(used) << ", budget "
          << mib(static_cast<std::int64_t>(budget.bytes));
    }
  }

  void check_leaks(std::int64_t processes, std::int64_t threads, std::int64_t descriptors) const {
    if (!no_leaks_.file) return;
    std::string left;
    const auto add = [&](std::int64_t count, const char* what) {
      if (count > 0) left += (left.empty() ? "" : ", ") + std::to_string(count) + " " + what;
    };
    add(processes, "processes");
    add(threads, "threads");
    add(descriptors, "descriptors");
    if (!left.empty()) ADD_FAILURE_AT(no_leaks_.file, no_leaks_.line) << "left over: " << left;
  }

  // --- what is told

  static void record(const TestUsage& usage, std::int64_t processes, std::int64_t threads,
                     std::int64_t descriptors) {
    const auto seconds = [](const char* key, double value) {
      if (value >= 0) ::testing::Test::RecordProperty(key, fixed(value, 6));
    };
    const auto count = [](const char* key, std::int64_t value) {
      ::testing::Test::RecordProperty(key, std::to_string(value));
    };
    seconds("sandbox.wall_seconds", usage.wall_seconds);
    seconds("sandbox.cpu_user_seconds", usage.cpu_user_seconds);
    seconds("sandbox.cpu_system_seconds", usage.cpu_system_seconds);
    seconds("sandbox.cpu_throttled_seconds", usage.cpu_throttled_seconds);
    if (usage.memory_peak_bytes >= 0) {
      count(usage.memory_peak_cumulative ? "sandbox.memory_peak_cumulative_bytes"
                                         : "sandbox.memory_peak_bytes",
            usage.memory_peak_bytes);
    }
    if (usage.memory_grown_bytes != kUnknown)
      count("sandbox.memory_grown_bytes", usage.memory_grown_bytes);
    if (usage.oom_kills > 0) count("sandbox.oom_kills", usage.oom_kills);
    if (processes != 0) count("sandbox.processes_left", processes);
    if (threads != 0) count("sandbox.threads_left", threads);
    if (descriptors != 0) count("sandbox.descriptors_left", descriptors);
  }

  void print(const ::testing::TestInfo& test, const TestUsage& usage) const {
    if (print_ == Print::never) return;
    if (print_ == Print::slow && usage.wall_seconds < kSlowSeconds) return;
    const bool own = usage.memory_peak_bytes >= 0 && !usage.memory_peak_cumulative;
    const std::int64_t used = own ? usage.memory_peak_bytes : usage.memory_grown_bytes;
    std::string text = full_name(test) + " took " + in_seconds(usage.wall_seconds);
    if (usage.cpu_user_seconds >= 0)
      text += ", CPU " + in_seconds(usage.cpu_user_seconds + usage.cpu_system_seconds);
    if (used != kUnknown)
      text += std::string{", memory "} + (own ? "peak " : "grown by ") + mib(used);
    (void)std::fprintf(stderr, "sandbox: %s\n", text.c_str());
  }

  Channel channel_{};
  Print print_ = Print::never;
  bool suite_begins_ = true;
  bool said_unchecked_ = false;
  Holdings before_{};
  std::vector<Budget> budgets_{};
  Place no_leaks_{};
};

}  // namespace

SANDBOX_ONCE bool append_listener() {
  static const bool once = [] {
    ::testing::UnitTest::GetInstance()->listeners().Append(&Listener::instance());
    return true;
  }();
  return once;
}

SANDBOX_ONCE void set_memory_budget(std::uint64_t bytes, const char* file, int line) {
  Listener::instance().set_memory_budget(bytes, Place{file, line});
}

SANDBOX_ONCE void forbid_leaks(const char* file, int line) {
  Listener::instance().forbid_leaks(Place{file, line});
}

}  // namespace internal

SANDBOX_ONCE TestUsage usage() {
  return internal::Listener::instance().usage();
}

}  // namespace sandbox

// The name by which the linker keeps this file, whoever links it.
extern "C" {
extern SANDBOX_ONCE const bool sandbox_gtest_listener;
const bool sandbox_gtest_listener = sandbox::internal::append_listener();
}
