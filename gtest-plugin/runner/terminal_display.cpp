#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <utility>

#include "policy/units.h"
#include "report/text.h"
#include "report/write.h"
#include "runner/display.h"

namespace sandbox::runner {
namespace {

constexpr std::size_t kListed = 5;
constexpr std::size_t kNarrowest = 30;  // columns of one that runs

// So many bytes at most, up to the end of a character.
std::string beginning(const std::string& text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0) == 0x80) --most;
  return text.substr(0, most);
}

std::string fixed(double seconds) {
  char text[32];
  (void)std::snprintf(text, sizeof text, "%.3f s", seconds);
  return text;
}

std::string tenths_since(Clock::time_point begin) {
  const std::chrono::duration<double> passed = Clock::now() - begin;
  char text[32];
  (void)std::snprintf(text, sizeof text, "%.1f s", passed.count());
  return text;
}

std::size_t terminal_width() {
  constexpr std::size_t kUsual = 80;
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsual;
}

class TerminalDisplay : public Display {
 public:
  TerminalDisplay(const Options& options, const TestList& tests)
      : tests_(tests),
        options_(options),
        live_(::isatty(STDOUT_FILENO) != 0),
        colored_(options.color == Color::always || (options.color == Color::automatic && live_)) {}

  void begin(const SuiteResult& suite) override {
    total_ = 0;
    for (std::size_t i = 0; i < suite.tests.size(); ++i)
      total_ += suite.selected[i] && !suite.results[i].disabled;
    began_ = Clock::now();
  }

  void on_text(Run, std::string_view text) override {
    if (options_.capture) return;
    clear_progress();
    write(text);
    line_is_open_ = !text.ends_with('\n');
  }

  void on_suite(Run, std::string_view) override {}
  void on_suite_end(Run, std::string_view) override {}

  void on_start(Run run, std::size_t test) override {
    running_[run] = {test, Clock::now()};
    show_progress_if_due();
  }

  void on_end(Run run, std::size_t, std::string_view) override {
    running_.erase(run);
    ++ended_in_[run];
    ++ended_;
    show_progress_if_due();
  }

  void on_conclusion(Run run, const Conclusion& conclusion) override {
    running_.erase(run);
    ended_ += conclusion.attempts.size() - std::min(conclusion.attempts.size(), ended_in_[run]);
    ended_in_.erase(run);
    end_line();
    for (const auto& [test, attempt] : conclusion.attempts) {
      if (attempt.end == TestEnd::failed) show_failed(test, attempt);
    }
    if (conclusion.failure) show_failure(*conclusion.failure);
    show_progress();
  }

  bool is_live() const override { return live_; }

  void on_tick(const Memory& memory) override {
    memory_ = memory;
    show_progress();
  }

  void end(const SuiteResult& suite) override {
    end_line();
    show_flaky(suite);
    write(slow_ones(suite, options_));
    show_most(
        suite, "slowest", [](const Attempt& attempt) { return attempt.seconds; }, fixed);
    show_most(
        suite, "hungriest",
        [](const Attempt& attempt) {
          const auto peak = attempt.figures ? attempt.figures->memory_peak_bytes : std::nullopt;
          return static_cast<double>(peak.value_or(0));
        },
        [](double bytes) { return format_bytes(static_cast<std::uint64_t>(bytes)); });
    show_sum(suite);
  }

 private:
  struct Running {
    std::size_t test = 0;
    Clock::time_point began{};
  };

  static void write(std::string_view text) { (void)write_text(STDOUT_FILENO, text); }

  std::string colored(const char* code, const std::string& text) const {
    return colored_ ? std::string{"\x1b["} + code + "m" + text + "\x1b[0m" : text;
  }

  // A program has thousands of TESTs a second; nobody reads so fast.
  void show_progress_if_due() {
    constexpr std::chrono::milliseconds kPause{50};
    if (Clock::now() - shown_at_ >= kPause) show_progress();
  }

  // Not on a line that a TEST has not ended yet.
  void show_progress() {
    if (!live_ || line_is_open_) return;
    std::string line = "[" + std::to_string(std::min(ended_, total_)) + "/" +
                       std::to_string(total_) + "] " + tenths_since(began_);
    const std::size_t width = terminal_width() - 1;
    std::size_t left = running_.size();
    for (const auto& [run, one] : running_) {
      const std::size_t room = line.size() < width ? (width - line.size()) / left-- : 0;
      if (room < kNarrowest) {
        line += " …";
        break;
      }
      line += "  " + shown(run, one, room - 2);
    }
    write("\r\x1b[K" + beginning(one_line(line), width));
    progress_shown_ = true;
    shown_at_ = Clock::now();
  }

  // As much of its name as there is room for beside its figures.
  std::string shown(Run run, const Running& one, std::size_t room) const {
    std::string figures = " " + tenths_since(one.began);
    const auto memory = memory_.find(run);
    if (memory != memory_.end()) figures += " " + format_bytes(memory->second);
    const std::string name = one_line(tests_[one.test].full_name());
    if (name.size() + figures.size() <= room) return name + figures;
    constexpr std::size_t kMark = 3;  // bytes of "…"
    const std::size_t most = room > figures.size() + kMark ? room - figures.size() - kMark : 0;
    return beginning(name, most) + "…" + figures;
  }

  void clear_progress() {
    if (progress_shown_) write("\r\x1b[K");
    progress_shown_ = false;
  }

  void end_line() {
    clear_progress();
    if (std::exchange(line_is_open_, false)) write("\n");
  }

  void show_failed(std::size_t test, const Attempt& attempt) const {
    const TestCase& known = tests_[test];
    std::string text =
        colored("31", "FAILED") + " " + known.full_name() + " (" + fixed(attempt.seconds) + ")";
    if (!known.file.empty()) text += "  " + known.file + ":" + std::to_string(known.line);
    text += "\n";
    if (options_.capture) text += attempt.output;
    if (!text.ends_with('\n')) text += "\n";
    if (!attempt.reason.empty()) text += attempt.reason + "\n";
    if (!attempt.hint.empty()) text += "hint: " + attempt.hint + "\n";
    write(text);
  }

  void show_failure(const ProgramFailure& failure) const {
    std::string text = colored("31", "FAILED") + " " + failure.reason + "\n";
    if (options_.capture && !failure.output.empty()) text += failure.output;
    if (!text.ends_with('\n')) text += "\n";
    if (!failure.hint.empty()) text += "hint: " + failure.hint + "\n";
    write(text);
  }

  void show_flaky(const SuiteResult& suite) const {
    for (std::size_t i = 0; i < suite.tests.size(); ++i) {
      if (suite.results[i].state() == TestState::flaky)
        write(colored("33", "FLAKY") + " " + tests_[i].full_name() + ": passed at attempt " +
              std::to_string(suite.results[i].attempts.size()) + "\n");
    }
  }

  template <typename Figure, typename Text>
  void show_most(const SuiteResult& suite, const char* title, Figure figure, Text text) const {
    std::vector<std::pair<double, std::size_t>> all;
    for (std::size_t i = 0; i < suite.tests.size(); ++i) {
      if (suite.results[i].attempts.empty()) continue;
      const double value = figure(suite.results[i].attempts.back());
      if (value > 0) all.emplace_back(value, i);
    }
    if (all.size() <= 1) return;
    std::ranges::sort(all, std::greater{});
    all.resize(std::min(all.size(), kListed));
    std::string lines = std::string{title} + ":\n";
    for (const auto& [value, test] : all)
      lines += "  " + text(value) + "  " + tests_[test].full_name() + "\n";
    write(lines);
  }

  void show_sum(const SuiteResult& suite) const {
    std::string text;
    const auto add = [&](TestState state, const char* word, const char* color) {
      const std::size_t count = suite.count(state);
      if (count == 0) return;
      text += (text.empty() ? "" : ", ") + colored(color, std::to_string(count) + " " + word);
    };
    add(TestState::failed, "failed", "31");
    add(TestState::passed, "passed", "32");
    add(TestState::flaky, "flaky", "33");
    add(TestState::skipped, "skipped", "33");
    add(TestState::disabled, "disabled", "33");
    add(TestState::not_run, "not run", "31");
    write((text.empty() ? "no TEST ran" : text) + " in " + fixed(suite.seconds) + "\n");
  }

  const TestList& tests_;
  const Options& options_;
  const bool live_;
  const bool colored_;
  Clock::time_point began_{};
  std::map<Run, Running> running_{};
  Memory memory_{};
  std::map<Run, std::size_t> ended_in_{};
  std::size_t ended_ = 0;
  std::size_t total_ = 0;
  bool progress_shown_ = false;
  bool line_is_open_ = false;
  Clock::time_point shown_at_{};
};

}  // namespace

std::unique_ptr<Display> make_terminal_display(const Options& options, const TestList& tests) {
  return std::make_unique<TerminalDisplay>(options, tests);
}

}  // namespace sandbox::runner
