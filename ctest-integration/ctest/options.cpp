#include "ctest/options.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "cli/option_table.h"
#include "cli/options.h"
#include "policy/nearest.h"
#include "policy/units.h"
#include "policy/words.h"

namespace sandbox::ctest {
namespace {

using std::string_view_literals::operator""sv;

// Both have them: here they are CTest's.
constexpr std::array kCtestsOwn = {"quiet"sv};

// CTest's words by what they take: those that it does not know it ignores, and a limit would be
// dropped in silence.
constexpr std::array kFlags = {"-V"sv,
                               "--verbose"sv,
                               "-VV"sv,
                               "--extra-verbose"sv,
                               "--debug"sv,
                               "--output-on-failure"sv,
                               "--stop-on-failure"sv,
                               "-F"sv,
                               "-Q"sv,
                               "--quiet"sv,
                               "--rerun-failed"sv,
                               "-U"sv,
                               "--union"sv,
                               "--progress"sv,
                               "--schedule-random"sv,
                               "--force-new-ctest-process"sv,
                               "--no-label-summary"sv,
                               "--no-subproject-summary"sv,
                               "--no-compress-output"sv,
                               "--tomorrow-tag"sv,
                               "--no-tests"sv};
constexpr std::array kWithValue = {"-C"sv,
                                   "--build-config"sv,
                                   "-R"sv,
                                   "--tests-regex"sv,
                                   "-E"sv,
                                   "--exclude-regex"sv,
                                   "-L"sv,
                                   "--label-regex"sv,
                                   "-LE"sv,
                                   "--label-exclude"sv,
                                   "-FA"sv,
                                   "--fixture-exclude-any"sv,
                                   "-FS"sv,
                                   "--fixture-exclude-setup"sv,
                                   "-FC"sv,
                                   "--fixture-exclude-cleanup"sv,
                                   "-I"sv,
                                   "--tests-information"sv,
                                   "-O"sv,
                                   "--output-log"sv,
                                   "-M"sv,
                                   "--test-model"sv,
                                   "--track"sv,
                                   "--group"sv,
                                   "--preset"sv,
                                   "--resource-spec-file"sv,
                                   "--test-load"sv,
                                   "--stop-time"sv,
                                   "--max-width"sv,
                                   "--interactive-debug-mode"sv,
                                   "--test-output-size-passed"sv,
                                   "--test-output-size-failed"sv,
                                   "--test-output-truncation"sv,
                                   "--repeat"sv,
                                   "--overwrite"sv,
                                   "--tests-from-file"sv,
                                   "--exclude-from-file"sv,
                                   "--submit-index"sv,
                                   "--http-header"sv,
                                   "-A"sv,
                                   "--add-notes"sv,
                                   "--extra-submit"sv,
                                   "--repeat-until-fail"sv};
constexpr std::array kWithNumberOrNone = {"-j"sv, "--parallel"sv};

// What it does without running the tests of a tree.
constexpr std::array kListing = {"-N"sv, "--show-only"sv, "--print-labels"sv, "--list-presets"sv};
constexpr std::array kNoTests = {"-S"sv, "-SP"sv,        "--script"sv, "--script-new-process"sv,
                                 "-D"sv, "--dashboard"sv};
// Of -T: others configure or build the folder that they are given, or look at the launcher.
constexpr std::array kActions = {"Test"sv, "Submit"sv};

// What is of one sandbox, and there are many.
struct Refused {
  const char* name;
  const char* why;
};
constexpr std::array kRefused = {
    Refused{"name", "each test has its own"},
    Refused{"chdir", "each test has its own folder"},
    Refused{"events", "they tell of one sandbox"},
    Refused{"ctest", "it is implied"},
    Refused{"signal-exit", "CTest needs the signal"},
    Refused{"keep-fd", "CTest hands on none"},
    Refused{"dry-run", "sandbox-exec prints the plan of one sandbox"},
    Refused{"doctor", "it is asked of sandbox-exec"},
};

constexpr std::array kPathLists = {"bind"sv, "ro-bind"sv, "ro-bind-try"sv};
constexpr std::array kPaths = {"project"sv, "device"sv, "env-file"sv, "policy"sv, "tmpfs"sv};

template <typename List>
bool is_one_of(const List& list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

std::string below(const std::string& base, const std::string& path) {
  const bool absolute = path.empty() || path.starts_with('/') || path.starts_with('~');
  return absolute ? path : base + "/" + path;
}

std::string absolute_value(const std::string& name, const std::string& value,
                           const std::string& base) {
  if (name == "project" && (value == "none" || value == "auto")) return value;
  if (is_one_of(kPaths, name)) return below(base, value);
  if (!is_one_of(kPathLists, name)) return value;
  const std::size_t colon = value.find(':');
  if (colon == std::string::npos) return below(base, value);
  return below(base, value.substr(0, colon)) + ":" + below(base, value.substr(colon + 1));
}

class WordSorter {
 public:
  WordSorter(std::vector<std::string> words, const World& world, Options& options,
             Problems& problems)
      : words_(std::move(words)), world_(world), options_(options), problems_(problems) {
    while (at_ < words_.size()) take(words_[at_]);
  }

 private:
  void take(const std::string& word) {
    const std::size_t equals = word.find('=');
    const std::string head = word.substr(0, equals);
    const std::string name = head.starts_with("--") ? head.substr(2) : "";
    if (word == "-h" || head == "--help") options_.action = Options::Action::help;
    if (head == "--version") options_.action = Options::Action::version;
    const bool builds =
        head.starts_with("--build-") && head != "--build-config" && head != "--build-tree";
    if (is_one_of(kNoTests, head) || builds || head == "--test-command") {
      problems_.add(shown(word) + ": sandbox-ctest runs the tests of a build tree, no dashboard");
      at_ = words_.size();
      return;
    }
    if (head == "-T" || head == "--test-action") return take_action(word);
    if (is_one_of(kListing, head)) options_.action = Options::Action::ctest_only;
    if (std::string* place = own_place(name)) return take_value(word, *place);
    if (word == "--diagnose") {
      options_.diagnose = true;
      ++at_;
      return;
    }
    if (name == "build-tree") return take_build_tree(word);
    if (name == "timeout") return take_timeout(word);
    const Option* option = is_one_of(kCtestsOwn, name) ? nullptr : find_option(name);
    if (option) return take_sandbox_option(*option, word);
    take_ctests_word(word, head, name);
  }

  void take_ctests_word(const std::string& word, const std::string& head, const std::string& name) {
    const bool glued_number = word.starts_with("-j") && word.size() > 2;
    const bool known = is_one_of(kFlags, head) || is_one_of(kListing, head) || glued_number ||
                       is_one_of(kWithValue, head) || is_one_of(kWithNumberOrNone, head);
    if (!known) return refuse_unknown(word, name);
    options_.ctest_words.push_back(word);
    ++at_;
    if (word.find('=') != std::string::npos || at_ == words_.size()) return;
    const bool is_number = words_[at_].find_first_not_of("0123456789") == std::string::npos;
    if (is_one_of(kWithValue, head) || (is_one_of(kWithNumberOrNone, head) && is_number))
      options_.ctest_words.push_back(words_[at_++]);
  }

  void refuse_unknown(const std::string& word, const std::string& name) {
    std::vector<std::string_view> names{"test-dir", "build-tree", "per-test", "timeout"};
    for (const sandbox::Option& option : sandbox::options()) names.emplace_back(option.name);
    const std::string nearest = name.empty() ? "" : nearest_name(name, names);
    problems_.add((word.starts_with('-') ? "unknown option " : "what is ") + shown(word) +
                      (word.starts_with('-') ? "" : "? No option wants it"),
                  nearest.empty() ? "" : "did you mean --" + nearest + "?");
    ++at_;
    const bool may_be_its_value = at_ < words_.size() && !words_[at_].starts_with('-');
    if (!name.empty() && may_be_its_value) ++at_;
  }

  void take_action(const std::string& word) {
    const auto action = value_of(word);
    if (!action) return;
    if (!is_one_of(kActions, *action))
      problems_.add("-T " + shown(*action) +
                    ": of CTest's actions only Test and Submit are for sandbox-ctest");
    options_.ctest_words.insert(options_.ctest_words.end(), {"-T", *action});
  }

  std::string* own_place(const std::string& name) {
    if (name == "test-dir") return &options_.test_dir;
    if (name == "output-junit") return &options_.junit;
    if (name == "per-test") return &options_.per_test;
    if (name == "report") return &options_.report;
    if (name == "report-dir") return &options_.report_dir;
    return nullptr;
  }

  // Moves past the word and its value.
  std::optional<std::string> value_of(const std::string& word) {
    const std::size_t equals = word.find('=');
    ++at_;
    if (equals != std::string::npos) return word.substr(equals + 1);
    if (at_ < words_.size()) return words_[at_++];
    problems_.add(shown(word) + " wants a value");
    return std::nullopt;
  }

  void take_value(const std::string& word, std::string& place) {
    if (!place.empty()) problems_.add(shown(word) + " is there twice");
    if (const auto value = value_of(word)) place = *value;
  }

  void take_build_tree(const std::string& word) {
    const auto value = value_of(word);
    if (!value) return;
    if (*value != "rw" && *value != "ro")
      problems_.add("--build-tree " + shown(*value) + ": not rw or ro");
    options_.build_tree = *value == "ro" ? BuildTree::read_only : BuildTree::writable;
  }

  void take_timeout(const std::string& word) {
    const auto value = value_of(word);
    if (!value) return;
    try {
      options_.timeout = parse_duration(*value);
    } catch (const Error& error) {
      problems_.add("--timeout ", error);
    }
  }

  void take_sandbox_option(const Option& option, const std::string& word) {
    for (const Refused& refused : kRefused) {
      if (refused.name == std::string_view{option.name})
        problems_.add("--" + std::string{option.name} +
                      " is not for sandbox-ctest: " + refused.why);
    }
    if (std::string_view{option.name} == "isolation") options_.isolation_given = true;
    const bool wants_value = option.argument == Argument::required;
    if (!wants_value) {
      options_.sandbox_words.push_back(word);
      ++at_;
    } else if (const auto value = value_of(word)) {
      const auto words = ctest::sandbox_words(option.name, *value, world_.cwd());
      options_.sandbox_words.insert(options_.sandbox_words.end(), words.begin(), words.end());
    }
  }

  const std::vector<std::string> words_;
  const World& world_;
  Options& options_;
  Problems& problems_;
  std::size_t at_ = 0;
};

// As each sandbox-exec will understand them.
Policy understood(const std::vector<std::string>& words, const World& world) {
  std::vector<std::string> line{"sandbox-ctest"};
  line.insert(line.end(), words.begin(), words.end());
  line.insert(line.end(), {"--", "true"});
  std::vector<char*> argv;
  for (const std::string& word : line) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  return parse_options(static_cast<int>(line.size()), argv.data(), world).policy;
}

// A folder of this host as the current one.
class WorldAt : public CommandWorld {
 public:
  explicit WorldAt(std::string folder) : folder_(std::move(folder)) {}
  std::string cwd() const override { return folder_; }

 private:
  const std::string folder_;
};

}  // namespace

bool is_of_one_sandbox(std::string_view name) {
  return std::ranges::any_of(kRefused,
                             [&](const Refused& refused) { return name == refused.name; });
}

Policy policy_of_tests(const Options& options, const std::string& folder) {
  return understood(options.sandbox_words, WorldAt{folder});
}

std::vector<std::string> sandbox_words(const std::string& name, const std::string& value,
                                       const std::string& base) {
  return {"--" + name + "=" + absolute_value(name, value, base)};
}

Options parse_command_line(int argc, char* const* argv, const World& world) {
  Options options;
  Problems problems;
  options.given.assign(argv, argv + argc);
  const WordSorter sorter{{argv + std::min(argc, 1), argv + argc}, world, options, problems};
  if (options.action == Options::Action::help || options.action == Options::Action::version)
    return options;
  if (!problems.empty()) throw problems.error();
  options.policy = understood(options.sandbox_words, world);
  for (std::string* path : {&options.per_test, &options.report, &options.report_dir})
    *path = below(world.cwd(), *path);
  return options;
}

std::string help_text_of_ctest() {
  return "usage: sandbox-ctest [CTEST-OPTION]... [SANDBOX-OPTION]... --test-dir BUILD\n"
         "Runs the tests of a build tree as ctest does, each in a sandbox. Nothing in the tree\n"
         "needs to be prepared for it.\n\n"
         "  --test-dir BUILD          the build tree (else the current folder, or --preset's)\n"
         "  --timeout TIME            for each test without a TIMEOUT of its own\n"
         "  --build-tree rw|ro        whether tests may write into the build tree (rw)\n"
         "  --per-test FILE           options for some tests, by name or label (JSON)\n"
         "  --diagnose                find the walls that failed tests run into; it runs them "
         "outside\n"
         "                            too, and writes a --per-test file\n"
         "  --report-dir DIR          the reports (BUILD/Testing/sandbox)\n"
         "  --report FILE             the report of all tests, there too\n\n"
         "All other options of ctest are ctest's own (ctest --help), all other options of\n"
         "sandbox-exec are for each test's sandbox (sandbox-exec --help). --quiet is ctest's.\n"
         "Exit status: ctest's own, 125 where no test could be run.\n";
}

}  // namespace sandbox::ctest
