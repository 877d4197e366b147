#include "runner/options.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>

#include "cli/option_table.h"
#include "cli/options.h"
#include "policy/nearest.h"
#include "policy/paths.h"
#include "policy/units.h"
#include "policy/words.h"
#include "runner/gtest_flags.h"
#include "sys/files.h"

namespace sandbox::runner {
namespace {

constexpr std::uint64_t kMost = 1'000'000;

unsigned usable_cpus() {
  cpu_set_t cpus;
  return ::sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? static_cast<unsigned>(CPU_COUNT(&cpus))
                                                         : 1;
}

unsigned count_in(const std::string& value, std::uint64_t least = 0) {
  return static_cast<unsigned>(parse_number(value, least, kMost));
}

void set_isolate(Options& options, const std::string& value) {
  constexpr std::string_view kBatch = "batch:";
  if (value == "binary") {
    options.batch = 0;
  } else if (value == "test") {
    options.batch = 1;
  } else if (value.starts_with(kBatch)) {
    options.batch = in_words(value, [&] { return count_in(value.substr(kBatch.size()), 1); });
  } else {
    refuse(value, "not binary, test or batch:N");
  }
}

// "2/4" is the second of four.
void set_shard(Options& options, const std::string& value) {
  const std::size_t slash = value.find('/');
  if (slash == std::string::npos) refuse(value, "not I/N", "the second of four is 2/4");
  in_words(value, [&] {
    options.shard.count = count_in(value.substr(slash + 1), 1);
    options.shard.index =
        static_cast<unsigned>(parse_number(value.substr(0, slash), 1, options.shard.count)) - 1;
    return 0;
  });
}

void set_style(Options& options, const std::string& value) {
  if (value == "auto") {
    options.style = Style::automatic;
  } else if (value == "gtest") {
    options.style = Style::gtest;
  } else if (value == "terminal") {
    options.style = Style::terminal;
  } else {
    refuse(value, "not auto, gtest or terminal");
  }
}

struct RunnerOption {
  const char* name;
  Argument argument;
  const char* argument_name;
  const char* help;
  void (*apply)(Options& options, const std::string& value);
};

constexpr std::array kRunnerOptions{
    RunnerOption{"isolate", Argument::required, "HOW",
                 "binary, test or batch:N: TESTs a sandbox (binary: all)", set_isolate},
    RunnerOption{
        "jobs", Argument::required, "N", "-j: sandboxes at once (binary: 1; else one a CPU)",
        [](Options& options, const std::string& value) { options.jobs = count_in(value, 1); }},
    RunnerOption{"test-timeout", Argument::required, "TIME", "a TEST that takes longer has failed",
                 [](Options& options, const std::string& value) {
                   options.test_timeout = parse_duration(value);
                 }},
    RunnerOption{
        "slow", Argument::required, "TIME", "name the TESTs that take longer",
        [](Options& options, const std::string& value) { options.slow = parse_duration(value); }},
    RunnerOption{
        "retries", Argument::required, "N",
        "run a TEST that failed again; if it passes then, it is flaky",
        [](Options& options, const std::string& value) { options.retries = count_in(value); }},
    RunnerOption{
        "max-fail", Argument::required, "N", "stop when N TESTs have failed",
        [](Options& options, const std::string& value) { options.max_fail = count_in(value); }},
    RunnerOption{"shard", Argument::required, "I/N",
                 "the I-th of N parts, from 1 (GTEST_SHARD_INDEX)", set_shard},
    RunnerOption{"rerun-failed", Argument::optional, "REPORT",
                 "only what did not pass in that suite report (--report's file)",
                 [](Options& options, const std::string& value) {
                   options.rerun = true;
                   options.rerun_of = value;
                 }},
    RunnerOption{"no-capture", Argument::none, "", "show what TESTs write while they run",
                 [](Options& options, const std::string&) { options.capture = false; }},
    RunnerOption{"output", Argument::required, "HOW",
                 "auto, gtest or terminal: gtest's own words where it is no terminal", set_style},
};

const RunnerOption* find_runner_option(std::string_view name) {
  const auto found = std::ranges::find_if(
      kRunnerOptions, [&](const RunnerOption& option) { return name == option.name; });
  return found == kRunnerOptions.end() ? nullptr : &*found;
}

// The words before the program, each with whom it is for.
class WordSorter {
 public:
  WordSorter(int argc, char* const* argv, Options& options, Problems& problems)
      : words_(argv + std::min(argc, 1), argv + argc), options_(options), problems_(problems) {
    forwarded_.emplace_back(argc > 0 ? argv[0] : "sandbox-gtest");
    while (at_ < words_.size() && !ended_) take(words_[at_]);
    for (std::size_t i = at_; i < words_.size(); ++i) take_program_word(words_[i]);
  }

  const std::vector<std::string>& forwarded() const { return forwarded_; }
  const std::vector<std::string>& gtest_flags() const { return gtest_flags_; }

 private:
  void take(const std::string& word) {
    if (const auto flag = gtest_flag_in(word)) return take_gtest_flag(word, *flag);
    if (word == "--" || !word.starts_with('-') || word == "-") {
      at_ += word == "--" ? 1 : 0;
      ended_ = true;
      forwarded_.emplace_back("--");
      return;
    }
    if (word.starts_with("-j")) return take_jobs(word);
    const std::string name = word.substr(2, word.find('=') - 2);
    if (word.starts_with("--") && name.size() > 0) {
      if (const RunnerOption* option = find_runner_option(name)) return take_own(*option, word);
    }
    take_sandbox_option(word, name);
  }

  void take_gtest_flag(const std::string& word, std::string_view flag) {
    options_.given.push_back(word);
    gtest_flags_.emplace_back(flag);
    ++at_;
  }

  void take_jobs(const std::string& word) {
    const RunnerOption& jobs = *find_runner_option("jobs");
    const auto value = word.size() > 2 ? std::optional{word.substr(2)} : next(jobs, word);
    if (value) apply(jobs, *value, "-j ");
    ++at_;
  }

  void take_own(const RunnerOption& option, const std::string& word) {
    const std::size_t equals = word.find('=');
    std::optional<std::string> value = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (option.argument == Argument::required && equals == std::string::npos)
      value = next(option, word);
    if (option.argument == Argument::none && equals != std::string::npos)
      problems_.add(shown(word) + ": --" + option.name + " takes no value");
    else if (value)
      apply(option, *value, std::string{"--"} + option.name + " ");
    ++at_;
  }

  // The value in a word of its own.
  std::optional<std::string> next(const RunnerOption& option, const std::string& word) {
    if (at_ + 1 < words_.size() && !words_[at_ + 1].starts_with("--")) return words_[++at_];
    problems_.add(shown(word) + " wants a value: --" + option.name + " " + option.argument_name);
    return std::nullopt;
  }

  void apply(const RunnerOption& option, const std::string& value, const std::string& prefix) {
    jobs_given_ = jobs_given_ || std::string_view{option.name} == "jobs";
    try {
      option.apply(options_, value);
    } catch (const Error& error) {
      problems_.add(prefix, error);
    }
  }

  void take_sandbox_option(const std::string& word, const std::string& name) {
    const Option* option = find_option(name);
    if (word == "-h" || name == "help") options_.action = Options::Action::help;
    if (name == "version") options_.action = Options::Action::version;
    if (!option && word != "-h") return refuse_unknown(word, name);
    forwarded_.push_back(word);
    const bool has_value = word.find('=') != std::string::npos;
    if (option && option->argument == Argument::required && !has_value && at_ + 1 < words_.size())
      forwarded_.push_back(words_[++at_]);
    ++at_;
  }

  // Whether the next word is its value cannot be known: nothing after it is looked at.
  void refuse_unknown(const std::string& word, const std::string& name) {
    std::vector<std::string_view> names;
    for (const RunnerOption& own : kRunnerOptions) names.emplace_back(own.name);
    for (const Option& other : options()) names.emplace_back(other.name);
    const std::string nearest = nearest_name(name, names);
    problems_.add("unknown option " + shown(word),
                  nearest.empty() ? "options of the program come after its name; --help lists ours"
                                  : "did you mean --" + nearest + "?");
    at_ = words_.size();
    ended_ = true;
  }

  void take_program_word(const std::string& word) {
    // After "--" too, where gtest itself looks.
    const auto flag = program_seen_ ? gtest_flag_in(word) : std::nullopt;
    options_.given.insert(program_seen_ ? options_.given.end() : options_.given.begin(), word);
    program_seen_ = true;
    if (flag) {
      gtest_flags_.emplace_back(*flag);
    } else {
      forwarded_.push_back(word);
    }
  }

 public:
  bool jobs_given() const { return jobs_given_; }

 private:
  const std::vector<std::string> words_;
  Options& options_;
  Problems& problems_;
  std::size_t at_ = 0;
  bool ended_ = false;
  bool program_seen_ = false;
  bool jobs_given_ = false;
  std::vector<std::string> forwarded_{};
  std::vector<std::string> gtest_flags_{};
};

Invocation parse_forwarded(const std::vector<std::string>& words, const World& world) {
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  return parse_options(static_cast<int>(words.size()), argv.data(), world);
}

std::string why_direct(const World& world) {
  constexpr std::string_view kTracer = "\nTracerPid:";
  const std::string disabled = world.variable("SANDBOX_DISABLE").value_or("");
  if (!disabled.empty() && disabled != "0") return "SANDBOX_DISABLE is set";
  const auto status = read_file("/proc/self/status");
  const std::size_t at = status ? status->find(kTracer) : std::string::npos;
  if (at == std::string::npos) return "";
  const auto tracer = leading_number(std::string_view{*status}.substr(at + kTracer.size()));
  return tracer.value_or(0) == 0 ? "" : "a debugger traces it";
}

void refuse_others(const Invocation& invocation, Problems& problems) {
  if (invocation.action == Request::doctor || invocation.action == Request::doctor_json)
    problems.add("--doctor is asked of sandbox-exec");
  if (invocation.action == Request::dry_run)
    problems.add("--dry-run is asked of sandbox-exec: it prints the plan of one sandbox");
  const Reporting& reporting = invocation.policy.reporting;
  if (!reporting.events.empty())
    problems.add("--events tells of one sandbox, and here are many", "--report FILE has them all");
  if (reporting.signal_exit_as_code)
    problems.add("--signal-exit is about the end of one program; here 1 means that TESTs failed");
}

// Its own folder is not the project's when it runs: paths are made absolute now.
void settle_report(Options& options, const World& world) {
  std::string& given = options.policy.reporting.report;
  if (!given.empty() && !given.starts_with('/') && !given.starts_with("fd:"))
    given = world.cwd() + "/" + given;
  options.report = std::move(given);
  given.clear();
  if (options.rerun && options.rerun_of.empty()) options.rerun_of = options.report;
}

}  // namespace

Options parse_command_line(int argc, char* const* argv, const World& world) {
  Options options;
  Problems problems;
  const WordSorter sorter{argc, argv, options, problems};
  if (options.action != Options::Action::run) return options;
  if (!problems.empty()) throw problems.error();
  const Invocation invocation = parse_forwarded(sorter.forwarded(), world);
  if (invocation.action == Request::nothing) {
    options.action = Options::Action::nothing;
    return options;
  }
  options.policy = invocation.policy;
  refuse_others(invocation, problems);
  obey_gtest_flags(options, sorter.gtest_flags(), world, problems);
  settle_report(options, world);
  if (options.rerun && options.rerun_of.empty())
    problems.add("--rerun-failed wants the suite report of the run before",
                 "--rerun-failed=REPORT, or --report REPORT");
  if (!problems.empty()) throw problems.error();
  if (!sorter.jobs_given() && options.batch > 0) options.jobs = usable_cpus();
  options.direct_because = why_direct(world);
  if (!options.direct_because.empty()) options.action = Options::Action::direct;
  return options;
}

std::string help_text_of_runner() {
  constexpr std::size_t kColumn = 28;
  std::string text =
      "usage: sandbox-gtest [OPTION]... [--] TEST_PROGRAM [ARGUMENT]...\n"
      "Runs each TEST of a GoogleTest program in a sandbox, and goes on where one dies.\n"
      "GoogleTest's own flags (--gtest_filter=...) may stand anywhere.\n\nTESTs:\n";
  for (const RunnerOption& option : kRunnerOptions) {
    std::string left = std::string{"  --"} + option.name;
    if (option.argument == Argument::required) left += std::string{" "} + option.argument_name;
    if (option.argument == Argument::optional)
      left += std::string{"[="} + option.argument_name + "]";
    left += left.size() < kColumn ? std::string(kColumn - left.size(), ' ')
                                  : "\n" + std::string(kColumn, ' ');
    text += left + option.help + "\n";
  }
  return text +
         "\nAll options of sandbox-exec apply to each sandbox (sandbox-exec --help), but that\n"
         "--report FILE is one report of all TESTs; --report-dir has each sandbox's own.\n"
         "Exit status: 0 all passed, 1 TESTs failed, 125 the sandbox failed.\n"
         "SANDBOX_DISABLE=1 runs the program itself, without a sandbox; so does a debugger.\n";
}

}  // namespace sandbox::runner
