#include "cli/diagnose.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <string_view>

#include "cli/option_table.h"
#include "report/read.h"
#include "report/text.h"
#include "report/write.h"
#include "sys/error.h"
#include "sys/files.h"
#include "sys/unique_fd.h"

extern char** environ;

namespace sandbox {
namespace {

using Words = std::vector<std::string>;
constexpr std::chrono::milliseconds kPatience{600'000};  // without --timeout
constexpr int kTrials = 3;

void say(const std::string& line) {
  (void)write_text(STDOUT_FILENO, line + "\n");
}

std::string end_of(int status) {
  if (WIFSIGNALED(status)) return "died of " + signal_name(WTERMSIG(status));
  return WEXITSTATUS(status) == 0 ? "passed"
                                  : "ended with status " + std::to_string(WEXITSTATUS(status));
}

// Without input and output. Its wait status; it is killed after so long.
int run_quietly(const Words& words, std::chrono::milliseconds most) {
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error) throw Error{"cannot run " + words.front(), error};
  const UniqueFd process{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  pollfd ended{process.get(), POLLIN, 0};
  if (::poll(&ended, 1, static_cast<int>(most.count())) == 0) ::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

// What belongs to the caps among the words, and what tells of the run, is left out.
Words words_left(const Words& options, bool without_caps) {
  Words left;
  for (std::size_t i = 0; i < options.size(); ++i) {
    const std::string& word = options[i];
    if (word == "--" || word == "--diagnose") continue;
    const bool has_value = word.find('=') != std::string::npos;
    const Option* const option = find_option(word.substr(2, word.find('=') - 2));
    const bool takes_next = option && option->argument == Argument::required && !has_value;
    const Setting* const setting = option ? option->setting : nullptr;
    const bool is_cap = setting && setting->group == SettingGroup::caps;
    const bool tells = setting && setting->group == SettingGroup::reporting;
    const bool kept = !tells && !(is_cap && without_caps);
    if (kept) left.push_back(word);
    if (takes_next && i + 1 < options.size()) {
      ++i;
      if (kept) left.push_back(options[i]);
    }
  }
  return left;
}

class Diagnoser {
 public:
  explicit Diagnoser(const Patient& patient) : patient_(patient) {}

  Diagnosis find() {
    using enum Diagnosis::Finding;
    say("diagnose: " + one_line(patient_.command.front()) +
        " runs outside the sandbox, where nothing holds it back, and several times inside");
    const int outside = run_quietly(outside_words(), patience());
    tell("outside", end_of(outside));
    if (outside != 0) {
      say("It fails outside too: no wall of the sandbox is to blame.");
      return {fails_outside, {}};
    }
    const Report report = report_of_first();
    tell("inside", report.outcome.reason.empty() ? "passed" : report.outcome.reason);
    const int passed = count_passes(report);
    if (passed == kTrials) {
      say("It passes inside too, " + std::to_string(kTrials) + " times.");
      return {passes, {}};
    }
    if (passed > 0) {
      say("It passed " + std::to_string(passed) + " of " + std::to_string(kTrials) +
          " times with nothing changed: it is flaky, and no wall of the sandbox is to blame.");
      return {flaky, {}};
    }
    return search(walls_of(report));
  }

 private:
  Diagnosis search(const std::vector<Wall>& walls) {
    auto found = smallest_set(walls, [this](const auto& set) { return passes_with(set); });
    const std::vector<Wall> none{{.name = "--isolation=none", .words = {"--isolation=none"}}};
    if (!found && passes_with(none)) found = none;
    if (found) {
      advise(*found);
      return {Diagnosis::Finding::walls, *found};
    }
    say("No set of walls explains it. The report of the run inside says more: --report FILE.");
    return {Diagnosis::Finding::unexplained, {}};
  }

  void advise(const std::vector<Wall>& walls) const {
    std::string flags;
    bool caps = false;
    for (const Wall& wall : walls) {
      for (const std::string& word : wall.words) flags += " " + word;
      caps = caps || wall.lifts_caps;
    }
    std::string text = "\nIt passes";
    if (caps) text += std::string{" with larger caps, or none"} + (flags.empty() ? "" : ", and");
    if (!flags.empty())
      text += " with\n " + flags + "\nCMake (docs/ctest.md):\n  " + as_cmake(walls) +
              "\nsandbox-ctest --per-test FILE:\n  " + as_per_test(patient_.name, walls);
    say(text);
  }

  // Twice, since a pass may be chance.
  bool passes_with(const std::vector<Wall>& set) {
    Words more;
    bool without_caps = false;
    std::string names;
    for (const Wall& wall : set) {
      more.insert(more.end(), wall.words.begin(), wall.words.end());
      without_caps = without_caps || wall.lifts_caps;
      names += (names.empty() ? "" : ", ") + wall.name;
    }
    const Words words = inside_words(more, without_caps);
    const int first = run_quietly(words, patience());
    const int second = first == 0 ? run_quietly(words, patience()) : first;
    tell("lowered: " + names,
         first == 0 && second != 0 ? "passed once, then " + end_of(second) : end_of(second));
    return second == 0;
  }

  int count_passes(const Report& first) {
    int passed = first.outcome.verdict == Verdict::passed ? 1 : 0;
    for (int trial = 1; trial < kTrials; ++trial)
      passed += run_quietly(inside_words({}, false), patience()) == 0;
    return passed;
  }

  Report report_of_first() const {
    const UniqueFd file{::memfd_create("report", 0)};
    if (!file) throw Error{"cannot make a file in memory", errno};
    const std::string place = "fd:" + std::to_string(file.get());
    (void)run_quietly(inside_words({"--report=" + place}, false), patience());
    const auto text = read_file("/proc/self/fd/" + std::to_string(file.get()));
    if (!text) throw Error{"the run inside left no report"};
    return parse_report(*text);
  }

  Words outside_words() const {
    Words words = patient_.around;
    words.insert(words.end(), patient_.command.begin(), patient_.command.end());
    return words;
  }

  Words inside_words(const Words& more, bool without_caps) const {
    Words words = patient_.around;
    words.push_back(patient_.sandbox_exec);
    const Words kept = words_left(patient_.options, without_caps);
    words.insert(words.end(), kept.begin(), kept.end());
    words.insert(words.end(), more.begin(), more.end());
    words.emplace_back("--");
    words.insert(words.end(), patient_.command.begin(), patient_.command.end());
    return words;
  }

  static void tell(const std::string& what, const std::string& end) {
    constexpr std::size_t kColumn = 36;
    say("  " + what + std::string(what.size() < kColumn ? kColumn - what.size() : 1, ' ') +
        one_line(end));
  }

  std::chrono::milliseconds patience() const { return patient_.most.value_or(kPatience); }

  const Patient& patient_;
};

}  // namespace

Diagnosis diagnose(const Patient& patient) {
  return Diagnoser{patient}.find();
}

}  // namespace sandbox
