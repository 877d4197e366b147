#include "spawner/policy_cbor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "policy/keys.h"
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

Decoded decoded(const std::vector<std::uint8_t>& bytes, const char* version = "1.2.3") {
  Decoded result;
  decode(bytes, version, result.policy, result.caller);
  return result;
}

std::string as_reported(const Policy& policy) {
  return KeyWriter::written(policy, kPolicyKeys, JsonLayout::indented);
}

TEST(PolicyCbor, CarriesAllThatAReportShows) {
  const Policy policy = unusual_policy();
  EXPECT_EQ(as_reported(decoded(encode(policy, unusual_caller())).policy), as_reported(policy));
}

TEST(PolicyCbor, CarriesWhatNoReportShows) {
  const Policy policy = decoded(encode(unusual_policy(), unusual_caller())).policy;
  EXPECT_EQ(policy.command, unusual_policy().command);
  EXPECT_EQ(policy.environment.set, unusual_policy().environment.set);
  EXPECT_TRUE(policy.limits.pids_asked);
  EXPECT_EQ(policy.mounts.at(1).words, "--tmpfs /t:1M");
}

TEST(PolicyCbor, CarriesTheCaller) {
  const Caller caller = decoded(encode(Policy{}, unusual_caller())).caller;
  EXPECT_EQ(caller.environment, unusual_caller().environment);
  EXPECT_EQ(caller.umask, mode_t{027});
  EXPECT_EQ(::sigismember(&caller.signal_mask, SIGUSR1), 1);
  EXPECT_EQ(::sigismember(&caller.signal_mask, SIGUSR2), 0);
}

TEST(PolicyCbor, RefusesAnotherVersion) {
  EXPECT_THROW(decoded(encode(Policy{}, unusual_caller()), "1.2.4"), Error);
}

TEST(PolicyCbor, RefusesWhatIsCutOffAnywhere) {
  const auto bytes = encode(unusual_policy(), unusual_caller());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const std::vector<std::uint8_t> part(bytes.begin(), bytes.begin() + static_cast<long>(size));
    ASSERT_THROW(decoded(part), Error) << size << " of " << bytes.size() << " bytes";
  }
}

TEST(PolicyCbor, AByteThatChangedIsRefusedOrRead) {
  auto bytes = encode(unusual_policy(), unusual_caller());
  for (std::uint8_t& byte : bytes) {
    byte ^= 0x5a;
    try {
      (void)decoded(bytes);
    } catch (const Error&) {
      // refused: as good
    }
    byte ^= 0x5a;
  }
}

}  // namespace
}  // namespace sandbox::wire
