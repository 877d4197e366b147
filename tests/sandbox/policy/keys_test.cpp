#include "policy/keys.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sandbox {
namespace {

Json as_reported(const Policy& policy) {
  return Json::parse(KeyWriter::written(policy, kPolicyKeys, JsonLayout::one_line));
}

TEST(PolicyKeys, NamesUnitsAndKnowsNoZeroForUnknown) {
  Policy policy;
  policy.limits.memory = Bytes{256u << 20};
  policy.limits.timeout = std::chrono::milliseconds(1500);
  policy.limits.cpuset = CpuSet{.automatic = true};
  const auto json = as_reported(policy);
  EXPECT_EQ(json["memory_bytes"], 268435456u);
  EXPECT_EQ(json["timeout_seconds"], 1.5);
  EXPECT_EQ(json["grace_seconds"], 1.0);
  EXPECT_TRUE(json["cpu_time_seconds"].is_null());
  EXPECT_TRUE(json["cpus"].is_null());
  EXPECT_TRUE(json["uid"].is_null());
  EXPECT_EQ(json["cpuset"], "auto");
  EXPECT_EQ(json["pids"], 4096);
}

TEST(PolicyKeys, WritesEnumsAsTheyAreRead) {
  Policy policy;
  policy.network = Network::loopback;
  policy.isolation = Isolation::none;
  policy.environment.mode = EnvironmentMode::clean;
  policy.reporting.signal_exit_as_code = true;
  const auto json = as_reported(policy);
  EXPECT_EQ(json["network"], "loopback");
  EXPECT_EQ(json["isolation"], "none");
  EXPECT_EQ(json["env"], "clean");
  EXPECT_EQ(json["seccomp"], "standard");
  EXPECT_EQ(json["signal_exit"], "code");
  EXPECT_EQ(json["if_unsupported"], "fail");
}

TEST(PolicyKeys, NeverShowsTheValueOfAVariable) {
  Policy policy;
  policy.environment.set = {{"API_TOKEN", "hunter2"}};
  const auto json = as_reported(policy);
  EXPECT_EQ(json["setenv"], nlohmann::ordered_json::array({"API_TOKEN"}));
  EXPECT_EQ(json.dump().find("hunter2"), std::string::npos);
}

TEST(PolicyKeys, ListsMountsInOrder) {
  Policy policy;
  policy.mounts = {{MountKind::bind, "/a", "/b", std::nullopt, "--bind /a:/b"},
                   {MountKind::tmpfs, "", "/c", Bytes{4096}, "--tmpfs /c:4K"}};
  const auto mounts = as_reported(policy)["mounts"];
  EXPECT_EQ(mounts.dump(),
            R"([{"kind":"bind","source":"/a","destination":"/b","size_bytes":null},)"
            R"({"kind":"tmpfs","source":null,"destination":"/c","size_bytes":4096}])");
}

TEST(PolicyKeys, PutTheBytesBesideWhatIsNotUtf8) {
  Policy policy;
  policy.chdir = "/\xff";
  policy.project = {Project::Choice::directory, "/\xfe"};
  policy.environment.set = {{"A", "1"}, {"\xfd", "2"}};
  const Json json = as_reported(policy);
  EXPECT_EQ(json["chdir"], "/\ufffd");
  EXPECT_EQ(json["chdir_base64"], "L/8=");
  EXPECT_EQ(json["project_base64"], "L/4=");
  EXPECT_EQ(json["setenv_base64"], Json::array({nullptr, "/Q=="}));
}

}  // namespace
}  // namespace sandbox
