// A report's text is the facts again.
#include "report/read.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "policy/encoding.h"
#include "report/json.h"
#include "sandbox/report/samples.h"
#include "sys/error.h"

namespace sandbox {
namespace {

using Json = nlohmann::ordered_json;

std::string refusal(const std::string& text) {
  try {
    (void)parse_report(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// `change` made to a whole report.
std::string with(const Json& patch) {
  Json json = Json::parse(to_json(full_report()));
  json.merge_patch(patch);
  return json.dump();
}

TEST(ParseReport, GivesBackEverySample) {
  for (const Sample& sample : sample_reports()) {
    const std::string text = to_json(sample.report);
    EXPECT_EQ(to_json(parse_report(text)), text) << sample.name;
  }
}

TEST(ParseReport, FillsThePlainStructs) {
  const Report report = parse_report(to_json(full_report()));
  EXPECT_EQ(report.outcome.verdict, Verdict::out_of_memory);
  EXPECT_EQ(report.outcome.evidence.sender, Sender::kernel);
  EXPECT_EQ(report.outcome.exit.signal, 9);
  EXPECT_EQ(report.usage.memory_peak_bytes.value, 268435456U);
  EXPECT_EQ(report.usage.memory_peak_bytes.source, "cgroup v2 memory.peak");
  EXPECT_EQ(report.limits[1].enforced, "");
  EXPECT_EQ(std::get<std::int64_t>(report.events[1].details.at("count")), 1);
  EXPECT_EQ(std::get<std::string>(report.events[1].details.at("where")), "memory.events");
  EXPECT_EQ(report.hang[0].cpu_seconds, 0.5);
}

TEST(ParseReport, FillsThePolicyAsFarAsItIsCarried) {
  const Policy policy = parse_report(to_json(full_report())).policy;
  EXPECT_EQ(policy.command, full_report().command);
  EXPECT_EQ(policy.limits.memory, Bytes{256u << 20});
  EXPECT_EQ(policy.limits.cpuset, (CpuSet{.cpus = {0, 2}}));
  EXPECT_EQ(policy.limits.timeout, std::chrono::seconds{30});
  EXPECT_EQ(policy.mounts[1].kind, MountKind::tmpfs);
  EXPECT_EQ(policy.environment.set,
            (std::vector<std::pair<std::string, std::string>>{{"PASSWORD", ""}}));
  EXPECT_EQ(policy.uid, 1000U);
}

TEST(ParseReport, ReadsEveryChoiceOfAPolicy) {
  Report report = full_report();
  report.policy.limits.cpuset = CpuSet{.automatic = true};
  report.policy.limits.grace = std::chrono::milliseconds{1};
  report.policy.project = {Project::Choice::directory, "/p"};
  report.policy.network = Network::off;
  report.policy.isolation = Isolation::none;
  report.policy.seccomp = SeccompMode::off;
  report.policy.environment.mode = EnvironmentMode::clean;
  report.policy.reporting = {.name = "n", .quiet = true, .signal_exit_as_code = true};
  report.policy.reporting.if_unsupported = IfUnsupported::skip;
  EXPECT_EQ(to_json(parse_report(to_json(report))), to_json(report));
  report.policy.project = {Project::Choice::none, ""};
  EXPECT_EQ(to_json(parse_report(to_json(report))), to_json(report));
}

TEST(ParseReport, RestoresBytesThatAreNotUtf8) {
  const Report before = extreme_report();
  const Report after = parse_report(to_json(before));
  EXPECT_EQ(after.command, before.command);
  EXPECT_EQ(after.cwd, before.cwd);
  EXPECT_EQ(after.events[0].details, before.events[0].details);
  EXPECT_EQ(after.environment.removed, before.environment.removed);
  EXPECT_EQ(after.policy.mounts[0].source, before.policy.mounts[0].source);
}

TEST(ParseReport, TakesNullForUnknown) {
  const Report report = parse_report(to_json(empty_report()));
  EXPECT_FALSE(report.usage.wall_seconds.value);
  EXPECT_FALSE(report.outcome.exit.code);
  EXPECT_FALSE(report.overhead_seconds);
  EXPECT_EQ(report.outcome.reason, "");
  EXPECT_TRUE(std::isnan(parse_report(to_json(extreme_report())).events[0].at_seconds));
}

TEST(ParseReport, LeavesDefaultsForMissingKeysAndIgnoresUnknownOnes) {
  const Report report = parse_report(
      R"({"later": [1], "schema": "sandbox-report/1", "usage": {"later": {}}, "events": [{}],
          "policy": {"later": 1}, "later_base64": "not base64"})");
  EXPECT_EQ(report.outcome.evidence.setup_exit_code, 125);
  EXPECT_EQ(report.policy.limits.pids, 4096U);
  EXPECT_EQ(report.events.size(), 1U);
}

TEST(ParseReport, LeavesOutDetailsOfAKindThatComesLater) {
  const Report report = parse_report(
      with({{"events", {{{"kind", "later"}, {"details", {{"a", 1.5}, {"b", {1}}, {"c", "c"}}}}}}}));
  EXPECT_EQ(report.events[0].details.size(), 1U);
}

TEST(ParseReport, RefusesWhatIsNoReport) {
  EXPECT_EQ(refusal("[]"), "not a report: wants an object");
  EXPECT_EQ(refusal("{}"), "not a report: it has no schema");
  EXPECT_EQ(refusal(R"({"schema": "sandbox-report/2"})"),
            "not a report: /schema: \"\\\"sandbox-report/2\\\"\" is not sandbox-report/1");
  EXPECT_EQ(refusal(R"({"schema": 1})"), "not a report: /schema: 1 is not sandbox-report/1");
  for (const char* text : {"", "{", "{\"schema\": \"\xff\"}", "1e999", "{} {}"}) {
    EXPECT_TRUE(refusal(text).starts_with("not a report: ")) << text;
    EXPECT_EQ(refusal(text).find('\n'), std::string::npos) << text;
  }
}

TEST(ParseReport, NamesThePlaceOfAValueThatDoesNotFit) {
  const std::string number = ": wants a whole number within its range";
  EXPECT_EQ(refusal(with({{"cwd", 1}})), "not a report: /cwd: wants a string");
  EXPECT_EQ(refusal(with({{"exit", {{"signal", 3.7}}}})), "not a report: /exit/signal" + number);
  EXPECT_EQ(refusal(with({{"usage", {{"oom_kills", -1}}}})),
            "not a report: /usage/oom_kills" + number);
  EXPECT_EQ(refusal(with({{"identity", {{"uid_inside", 4294967296}}}})),
            "not a report: /identity/uid_inside" + number);
  EXPECT_EQ(refusal(with({{"warnings", Json::array({"a", 1})}})),
            "not a report: /warnings/1: wants a string");
  EXPECT_EQ(refusal(with({{"policy", {{"timeout_seconds", 1e300}}}})),
            "not a report: /policy/timeout_seconds: wants seconds");
  EXPECT_TRUE(refusal(with({{"verdict", "pased"}}))
                  .starts_with("not a report: /verdict: pased: not one of passed, failed"));
  EXPECT_EQ(refusal(with({{"cwd_base64", "not base64"}})),
            "not a report: /cwd_base64: wants base64");
  EXPECT_EQ(refusal(with({{"command_base64", {nullptr}}})),
            "not a report: /command_base64: wants as many items as the list beside it");
}

TEST(ParseReport, SurvivesDepth) {
  constexpr std::size_t kDeep = 200'000;
  const std::string deep = std::string(kDeep, '[') + std::string(kDeep, ']');
  EXPECT_EQ(parse_report(R"({"schema": "sandbox-report/1", "later": )" + deep + "}").run_id, "");
}

}  // namespace
}  // namespace sandbox
