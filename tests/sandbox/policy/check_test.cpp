#include "policy/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "sys/error.h"

namespace sandbox {
namespace {

using std::chrono::milliseconds;

std::string refusal(const std::function<void(Policy&)>& spoil) {
  Policy policy;
  policy.command = {"./t"};
  spoil(policy);
  try {
    check_policy(policy);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(CheckPolicy, TakesTheDefaults) {
  EXPECT_EQ(refusal([](Policy&) {}), "");
}

TEST(CheckPolicy, TakesWhatIsMeant) {
  EXPECT_EQ(refusal([](Policy& p) {
              p.limits.memory = Bytes{1};
              p.limits.cpus = 0.01;
              p.limits.timeout = milliseconds{1};
              p.limits.grace = milliseconds{0};
              p.chdir = "/";
              p.mounts = {{MountKind::tmpfs, "", "/t"}, {MountKind::bind, "relative", "/r"}};
              p.environment.set = {{"A", ""}};
            }),
            "");
}

TEST(CheckPolicy, RefusesTheCommand) {
  EXPECT_EQ(refusal([](Policy& p) { p.command.clear(); }),
            "command is empty: it begins with the program");
  EXPECT_EQ(refusal([](Policy& p) { p.command.emplace_back("a\0b", 3); }),
            "command[1] holds a NUL byte");
}

TEST(CheckPolicy, RefusesNulBytesWhereverTheyAre) {
  const std::string bad("a\0b", 3);
  EXPECT_EQ(refusal([&](Policy& p) {
              p.mounts = {{MountKind::ro_bind, "/s", "/d", {}, bad}};
            }),
            "mounts[0]: the option's text holds a NUL byte");
  EXPECT_EQ(refusal([&](Policy& p) { p.reporting.report = bad; }),
            "reporting.report holds a NUL byte");
  EXPECT_EQ(refusal([&](Policy& p) { p.reporting.report_dir = bad; }),
            "reporting.report_dir holds a NUL byte");
  EXPECT_EQ(refusal([&](Policy& p) { p.reporting.events = bad; }),
            "reporting.events holds a NUL byte");
}

TEST(CheckPolicy, RefusesLimits) {
  const auto limit = [](const std::function<void(Limits&)>& spoil) {
    return refusal([&](Policy& p) { spoil(p.limits); });
  };
  EXPECT_EQ(limit([](Limits& l) { l.memory = Bytes{0}; }),
            "limits.memory is 0: a cap of nothing lets nothing start");
  for (const double cpus : {0.0, -1.0, 0.009, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THAT(limit([&](Limits& l) { l.cpus = cpus; }),
                ::testing::HasSubstr("the kernel's least is 0.01"));
  }
  EXPECT_EQ(limit([](Limits& l) { l.cpus = 1e9; }), "limits.cpus is too large");
  EXPECT_EQ(limit([](Limits& l) { l.pids = 0; }), "limits.pids is 0: the test itself is one");
  EXPECT_EQ(limit([](Limits& l) { l.timeout = milliseconds{-5}; }), "limits.timeout is negative");
  EXPECT_EQ(limit([](Limits& l) { l.cpu_time = milliseconds{0}; }),
            "limits.cpu_time is 0: a limit of no time lets nothing start");
  EXPECT_EQ(limit([](Limits& l) { l.grace = milliseconds::max(); }),
            "limits.grace is more than 100 years");
}

TEST(CheckPolicy, RefusesPlaces) {
  const auto mount = [](const Mount& one) { return refusal([&](Policy& p) { p.mounts = {one}; }); };
  EXPECT_EQ(refusal([](Policy& p) { p.chdir = "here"; }), "chdir is not absolute: \"here\"");
  EXPECT_EQ(mount({MountKind::tmpfs, "", "/"}),
            "mounts[0]: the destination would replace the whole root");
  EXPECT_EQ(mount({MountKind::tmpfs, "", "//"}),
            "mounts[0]: the destination would replace the whole root");
  EXPECT_EQ(mount({MountKind::bind, "/a", "b"}),
            "mounts[0]: the destination is not absolute: \"b\"");
  EXPECT_EQ(mount({MountKind::bind, "", "/b"}), "mounts[0]: the source is empty");
  EXPECT_EQ(mount({static_cast<MountKind>(9), "/a", "/b"}),
            "mounts[0]: the kind is none of its values");
}

TEST(CheckPolicy, RefusesChoicesAndNames) {
  EXPECT_EQ(refusal([](Policy& p) { p.network = static_cast<Network>(7); }),
            "network is none of its values");
  EXPECT_EQ(refusal([](Policy& p) {
              p.environment.set = {{"A=B", "c"}};
            }),
            "environment.set has a name that cannot be one: \"A=B\"");
}

}  // namespace
}  // namespace sandbox
