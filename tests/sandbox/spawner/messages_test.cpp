#include "spawner/messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "policy/keys.h"
#include "report/json.h"
#include "sys/error.h"

namespace sandbox::wire {
namespace {

using namespace std::chrono_literals;

// Nothing in it is as it is by default.
Policy unusual_policy() {
  Policy policy;
  policy.command = {"./t", "with blank", "\xff\xfe"};
  policy.chdir = "/there";
  policy.project = {Project::Choice::directory, "/project"};
  policy.mounts = {{MountKind::bind, "/a", "/b", std::nullopt, "--bind a:b"},
                   {MountKind::tmpfs, "", "/t", Bytes{1 << 20}, "--tmpfs /t:1M"}};
  policy.limits = {Bytes{1 << 30}, 1.5, CpuSet{false, {0, 3}}, 17, true, 1500ms, 2500ms, 3500ms};
  policy.environment = {EnvironmentMode::clean, {"KEEP"}, {"UNSET"}, {{"NAME", "va=lue\xff"}}};
  policy.network = Network::off;
  policy.uid = 7;
  policy.gid = 8;
  policy.keep_root = true;
  policy.keep_fds = {5, 9};
  policy.seccomp = SeccompMode::off;
  policy.allow = {"userns"};
  policy.isolation = Isolation::none;
  policy.core = true;
  policy.best_effort = true;
  policy.policy_files = {"/p.json"};
  policy.reporting.report = "/r.json";
  policy.reporting.report_dir = "/reports";
  policy.reporting.events = "/e.jsonl";
  policy.reporting.name = "n";
  policy.reporting.quiet = true;
  policy.reporting.signal_exit_as_code = true;
  policy.reporting.ctest = true;
  policy.reporting.measurements = true;
  policy.reporting.if_unsupported = IfUnsupported::skip;
  return policy;
}

Caller unusual_caller() {
  Caller caller;
  caller.version = "1.2.3";
  caller.environment = {"A=b", "LATIN1=\xe9"};
  caller.umask = 027;
  ::sigemptyset(&caller.signal_mask);
  ::sigaddset(&caller.signal_mask, SIGUSR1);
  return caller;
}

struct Decoded {
  Policy policy{};
  Caller caller{};
};

Decoded decoded(std::string_view bytes, const char* version = "1.2.3") {
  Decoded result;
  decode(bytes, version, result.policy, result.caller);
  return result;
}

std::string as_reported(const Policy& policy) {
  return KeyWriter::written(policy, kPolicyKeys, JsonLayout::indented);
}

TEST(Start, CarriesAllThatAReportShows) {
  const Policy policy = unusual_policy();
  EXPECT_EQ(as_reported(decoded(encode(policy, unusual_caller())).policy), as_reported(policy));
}

TEST(Start, CarriesWhatNoReportShows) {
  const Policy policy = decoded(encode(unusual_policy(), unusual_caller())).policy;
  EXPECT_EQ(policy.command, unusual_policy().command);
  EXPECT_EQ(policy.environment.set, unusual_policy().environment.set);
  EXPECT_TRUE(policy.limits.pids_asked);
  EXPECT_EQ(policy.mounts.at(1).words, "--tmpfs /t:1M");
}

TEST(Start, CarriesTheCaller) {
  const Caller caller = decoded(encode(Policy{}, unusual_caller())).caller;
  EXPECT_EQ(caller.environment, unusual_caller().environment);
  EXPECT_EQ(caller.umask, mode_t{027});
  EXPECT_EQ(::sigismember(&caller.signal_mask, SIGUSR1), 1);
  EXPECT_EQ(::sigismember(&caller.signal_mask, SIGUSR2), 0);
}

TEST(Start, RefusesAnotherVersion) {
  EXPECT_THROW(decoded(encode(Policy{}, unusual_caller()), "1.2.4"), Error);
}

// Which follows the version: its length, and its bytes.
TEST(Start, RefusesAnotherBuildOfThisVersion) {
  auto bytes = encode(Policy{}, unusual_caller());
  bytes[sizeof(std::size_t) + unusual_caller().version.size()] ^= 1;
  try {
    (void)decoded(bytes);
    FAIL() << "was read";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("two builds of one version"));
  }
}

TEST(Start, RefusesWhatIsCutOffAnywhere) {
  const auto bytes = encode(unusual_policy(), unusual_caller());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_THROW(decoded(std::string_view{bytes}.substr(0, size)), Error)
        << size << " of " << bytes.size() << " bytes";
  }
}

TEST(Start, RefusesWhatGoesOn) {
  EXPECT_THROW(decoded(encode(unusual_policy(), unusual_caller()) + "x"), Error);
}

TEST(Start, AByteThatChangedIsRefusedOrRead) {
  auto bytes = encode(unusual_policy(), unusual_caller());
  for (char& byte : bytes) {
    byte ^= 0x5a;
    try {
      (void)decoded(bytes);
    } catch (const Error&) {
      // refused: as good
    }
    byte ^= 0x5a;
  }
}

// --- the answer

Report unusual_report() {
  Report report;
  report.run_id = "id";
  report.command = {"./t", "\xff"};
  report.policy = unusual_policy();
  report.outcome.verdict = Verdict::out_of_memory;
  report.outcome.exit = {7, std::nullopt, true};
  report.outcome.evidence.sender = Sender::kernel;
  report.outcome.evidence.certainty = Certainty::probable;
  report.outcome.evidence.memory_cap = 1 << 20;
  report.outcome.evidence.setup_attempt = "an attempt";
  report.outcome.reason = "why";
  report.usage.wall_seconds = {0.1, "a clock"};
  report.usage.oom_kills.value = 2;
  report.limits = {{"memory", "1M", "1048576", "by"}};
  report.mounts = {{"/b", "/a", "option", true, false, "--bind"}};
  report.events = {{"oom", 0.5, {{"text", "word"}, {"number", std::int64_t{-3}}}}};
  report.hang = {{2, 3, "t", "./t", "S", "", "read", 0.25}};
  report.environment.removed = {"TOKEN"};
  report.warnings = {"one", "two"};
  return report;
}

TEST(Answer, CarriesTheReport) {
  const Report report = decode_report(encode(unusual_report()));
  EXPECT_EQ(to_json(report), to_json(unusual_report()));
  EXPECT_EQ(report.outcome.evidence.setup_attempt, "an attempt");
  EXPECT_EQ(report.policy.environment.set, unusual_policy().environment.set);
}

TEST(Answer, ForAllVersionsIsItsJson) {
  EXPECT_EQ(to_json(decode_report(encode_for_all(Report{}))), to_json(Report{}));
}

TEST(Answer, ThatIsCutOffAnywhereIsRefused) {
  const std::string bytes = encode(unusual_report());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_THROW(decode_report(std::string_view{bytes}.substr(0, size)), Error) << size;
  }
}

}  // namespace
}  // namespace sandbox::wire
