#include "cli/option_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "cli/options.h"
#include "policy/policy_file.h"
#include "sandbox/policy/fake_world.h"
#include "sys/files.h"

namespace sandbox {
namespace {

using testing::HasSubstr;

// A good value for each setting, as a policy file writes it.
const std::map<std::string, std::string> kGood{{"memory", "\"256M\""},
                                               {"cpus", "1.5"},
                                               {"cpuset", "\"0-1\""},
                                               {"pids", "64"},
                                               {"timeout", "30"},
                                               {"cpu_time", "\"2m\""},
                                               {"grace", "\"500ms\""},
                                               {"project", "\"none\""},
                                               {"ro_bind", "[\"data\"]"},
                                               {"ro_bind_try", "[\"data\"]"},
                                               {"bind", "[\"out:/tmp/o\"]"},
                                               {"tmpfs", "[\"/x:64M\"]"},
                                               {"device", "[\"/dev/fuse\"]"},
                                               {"chdir", "\"data\""},
                                               {"env", "\"clean\""},
                                               {"keep_env", "[\"A\"]"},
                                               {"setenv", "[\"A=1\"]"},
                                               {"unsetenv", "[\"B\"]"},
                                               {"env_file", "[\"e\"]"},
                                               {"isolation", "\"full\""},
                                               {"network", "\"off\""},
                                               {"seccomp", "\"off\""},
                                               {"allow", "[\"userns\"]"},
                                               {"uid", "0"},
                                               {"gid", "0"},
                                               {"keep_root", "true"},
                                               {"keep_fd", "[1]"},
                                               {"core", "true"},
                                               {"report", "\"r.json\""},
                                               {"report_dir", "\"reports\""},
                                               {"events", "\"e.jsonl\""},
                                               {"name", "\"n\""},
                                               {"quiet", "true"},
                                               {"signal_exit", "\"code\""},
                                               {"ctest", "true"},
                                               {"ctest_measurements", "true"},
                                               {"best_effort", "true"},
                                               {"if_unsupported", "\"skip\""}};

FakeWorld world_with_env_file() {
  FakeWorld world;
  world.texts["/home/u/proj/e"] = "A=1\n";
  return world;
}

TEST(OptionTable, EverySettingIsAPolicyKey) {
  const FakeWorld world = world_with_env_file();
  for (const Setting& setting : settings()) {
    const std::string key = key_of(setting);
    ASSERT_TRUE(kGood.contains(key)) << key << ": name a good value for it here";
    Policy policy;
    Problems problems;
    const std::string text = "{\"" + key + "\": " + kGood.at(key) + "}";
    apply_policy_text(policy, {text, "p.json", world.directory}, world, problems);
    EXPECT_TRUE(problems.empty()) << problems.error().what();
  }
}

TEST(OptionTable, EveryOptionIsInHelpWithItsArgument) {
  const std::string help = help_text();
  for (const Option& option : options()) {
    const std::string flag = std::string("  --") + option.name;
    if (option.argument == Argument::required) {
      EXPECT_THAT(help, HasSubstr(flag + " " + option.argument_name));
    } else if (option.argument == Argument::optional) {
      EXPECT_THAT(help, HasSubstr(flag + "[=" + option.argument_name + "]"));
    } else {
      EXPECT_THAT(help, HasSubstr(flag + " "));
    }
  }
}

TEST(OptionTable, NamesAreUnique) {
  std::set<std::string> names;
  for (const Option& option : options()) EXPECT_TRUE(names.insert(option.name).second);
  EXPECT_EQ(find_option("memroy"), nullptr);
  EXPECT_STREQ(find_option("memory")->name, "memory");
}

TEST(OptionTable, EveryOptionHasExactlyOneMeaning) {
  for (const Option& option : options())
    EXPECT_NE(option.setting == nullptr, option.command == nullptr) << option.name;
}

TEST(HelpText, FitsEightyColumns) {
  const std::string help = help_text();
  for (const std::string_view line : split(help, '\n')) {
    EXPECT_LE(line.size(), 80u) << line;
    EXPECT_FALSE(line.ends_with(' ')) << line;
  }
}

TEST(HelpText, IsGroupedAndShowsDefaults) {
  const std::string help = help_text();
  for (const char* heading : {"Caps:", "Files:", "Environment:", "Isolation:", "Running:"})
    EXPECT_THAT(help, HasSubstr(std::string("\n") + heading + "\n"));
  EXPECT_THAT(help, HasSubstr("most processes and threads (4096)"));
  EXPECT_THAT(help, HasSubstr("what it can reach (loopback)"));
}

// The defaults in --help are text; these are the values they speak of.
TEST(HelpText, ShowsTheDefaultsThatHold) {
  const Policy policy;
  EXPECT_EQ(std::to_string(policy.limits.pids), find_setting("pids")->initial);
  EXPECT_EQ(policy.limits.grace, std::chrono::seconds(1));
  EXPECT_STREQ(find_setting("grace")->initial, "1s");
  const FakeWorld world;
  for (const char* name :
       {"env", "isolation", "network", "seccomp", "signal-exit", "if-unsupported"}) {
    Policy set;
    const Setting* setting = find_setting(name);
    setting->apply(set, setting->initial, {world, "/", ""});
    EXPECT_EQ(set.environment.mode, policy.environment.mode);
    EXPECT_EQ(set.isolation, policy.isolation);
    EXPECT_EQ(set.network, policy.network);
    EXPECT_EQ(set.seccomp, policy.seccomp);
    EXPECT_EQ(set.reporting.signal_exit_as_code, policy.reporting.signal_exit_as_code);
    EXPECT_EQ(set.reporting.if_unsupported, policy.reporting.if_unsupported);
  }
}

TEST(UsageText, IsThreeLines) {
  const std::string text = usage_text();
  EXPECT_EQ(split(text, '\n').size(), 3u);
}

}  // namespace
}  // namespace sandbox
