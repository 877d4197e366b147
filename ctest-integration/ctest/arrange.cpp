#include "ctest/arrange.h"

#include <algorithm>
#include <string_view>

#include "policy/settings.h"
#include "sys/files.h"

namespace sandbox::ctest {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// So that ours, which ends with a report, comes first.
constexpr seconds kAbove{10};

// What a run without namespaces has no use for (--isolation=none refuses it).
bool is_of_isolation(const std::string& word) {
  const std::string_view name = std::string_view{word}.substr(2, word.find('=') - 2);
  const Setting* const setting = find_setting(name);
  return setting && (setting->group == SettingGroup::files ||
                     setting->group == SettingGroup::isolation || name == "env");
}

bool sets_timeout_elsewhere(const Options& options) {
  return has_preset(options) || std::ranges::any_of(options.ctest_words, [](const auto& word) {
           return word.find("TimeOut=") != std::string::npos;
         });
}

class Arranger {
 public:
  Arranger(const BuildFolders& tree, const Options& options, const std::vector<Rule>& rules,
           const Places& places)
      : tree_(tree),
        options_(options),
        rules_(rules),
        places_(places),
        protection_(protection(tree.build, places.reports)) {}

  Arranged take(const std::vector<ListedTest>& tests) {
    for (const ListedTest& test : tests) arranged_.tests.push_back(arrange_one(test));
    return std::move(arranged_);
  }

 private:
  Arrangement arrange_one(const ListedTest& test) {
    Arrangement result;
    result.report = places_.reports + "/" + std::to_string(arranged_.tests.size() + 1) + ".json";
    std::vector<std::string> words = options_.sandbox_words;
    add_tree(words, test);
    for (const std::string& name : test.environment_names) words.push_back("--keep-env=" + name);
    std::optional<milliseconds> timeout = timeout_of(test);
    bool has_isolation = options_.isolation_given;
    for (const Rule& rule : rules_) {
      if (!rule.fits(test)) continue;
      add(words, rule.words);
      if (rule.timeout) timeout = rule.timeout;
      has_isolation = has_isolation || rule.has_isolation;
    }
    if (test.has_fixture && !has_isolation) {
      ++arranged_.beside_fixtures;
      words.emplace_back("--isolation=none");
    }
    leave_out_what_none_refuses(words);
    // A skip is told by 77 (see write_shadow); where that means another thing, WILL_FAIL could make
    // a pass of it.
    const bool skips = options_.policy.reporting.if_unsupported == IfUnsupported::skip;
    result.skips = skips && !test.has_skip_code;
    if (skips && test.has_skip_code) words.emplace_back("--if-unsupported=fail");
    if (timeout) {
      words.push_back("--timeout=" + std::to_string(timeout->count()) + "ms");
      result.ctest_timeout = std::chrono::ceil<seconds>(*timeout + grace()) + kAbove;
    }
    result.launcher = {places_.sandbox_exec, "--ctest", "--name=" + test.name,
                       "--report=" + result.report};
    add(result.launcher, words);
    result.launcher.emplace_back("--");
    if (!test.command.empty()) result.program = test.command.front();
    return result;
  }

  static void leave_out_what_none_refuses(std::vector<std::string>& words) {
    const auto last = std::ranges::find_if(words.rbegin(), words.rend(), [](const auto& word) {
      return word.starts_with("--isolation=");
    });
    if (last == words.rend() || *last != "--isolation=none") return;
    std::erase_if(words, is_of_isolation);
    words.emplace_back("--isolation=none");
  }

  static void add(std::vector<std::string>& words, const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
  }

  // The sources are found as the project of what lies in the tree, else they are named.
  void add_tree(std::vector<std::string>& words, const ListedTest& test) {
    const bool is_found = is_within(test.working_directory, tree_.build) ||
                          (!test.command.empty() && is_within(test.command.front(), tree_.build));
    if (!is_found && !tree_.source.empty()) words.push_back("--ro-bind=" + tree_.source);
    const bool writable = options_.build_tree == BuildTree::writable;
    words.push_back((writable ? "--bind=" : "--ro-bind=") + tree_.build);
    if (writable) add(words, protection_);
  }

  // A test must not write what others are judged by, nor lead it elsewhere: a folder that is
  // mounted cannot be moved.
  static std::vector<std::string> protection(const std::string& build, const std::string& reports) {
    const std::string testing = build + "/Testing";
    if (is_within(reports, testing))
      return {"--ro-bind=" + testing, "--bind=" + testing + "/Temporary"};
    return is_within(reports, build) ? std::vector{"--ro-bind=" + reports}
                                     : std::vector<std::string>{};
  }

  // CTest's order; its 0 is none of its own. What a preset or --overwrite sets is CTest's.
  std::optional<milliseconds> timeout_of(const ListedTest& test) const {
    if (test.timeout && test.timeout->count() > 0) return test.timeout;
    if (options_.timeout) return options_.timeout->count() > 0 ? options_.timeout : std::nullopt;
    if (options_.policy.limits.timeout) return options_.policy.limits.timeout;
    return sets_timeout_elsewhere(options_) ? std::nullopt : tree_.timeout;
  }

  milliseconds grace() const { return options_.policy.limits.grace; }

  const BuildFolders& tree_;
  const Options& options_;
  const std::vector<Rule>& rules_;
  const Places& places_;
  const std::vector<std::string> protection_;
  Arranged arranged_{};
};

}  // namespace

Arranged arrange(const std::vector<ListedTest>& tests, const BuildFolders& tree,
                 const Options& options, const std::vector<Rule>& rules, const Places& places) {
  return Arranger{tree, options, rules, places}.take(tests);
}

}  // namespace sandbox::ctest
