#include "policy/policy_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/settings.h"
#include "sandbox/policy/fake_world.h"

namespace sandbox {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class PolicyFile : public testing::Test {
 protected:
  // Returns the problems, as one message; "" when there are none.
  std::string read(std::string_view text) {
    Problems problems;
    apply_policy_text(policy_, {text, "policy.json", "/home/u/proj"}, world_, problems);
    return problems.empty() ? "" : refusal([&] { throw problems.error(); });
  }

  FakeWorld world_;
  Policy policy_;
};

TEST_F(PolicyFile, SetsWhatItNames) {
  EXPECT_EQ(read(R"({"memory": "256M", "cpus": 1.5, "ro_bind": ["data"], "timeout": 30,
                     "core": true, "pids": 64, "keep_fd": [1], "network": "host"})"),
            "");
  EXPECT_EQ(policy_.limits.memory, Bytes{256u << 20});
  EXPECT_EQ(policy_.limits.cpus, 1.5);
  EXPECT_EQ(policy_.limits.timeout, std::chrono::seconds(30));
  EXPECT_EQ(policy_.mounts.at(0).source, "/home/u/proj/data");
  EXPECT_EQ(policy_.mounts.at(0).words, "policy.json:1: /ro_bind/0: data");
  EXPECT_TRUE(policy_.core);
  EXPECT_EQ(policy_.limits.pids, 64u);
  EXPECT_EQ(policy_.network, Network::host);
}

TEST_F(PolicyFile, MayBeEmptyOrSayNo) {
  policy_.core = true;
  EXPECT_EQ(read("{}"), "");
  EXPECT_TRUE(policy_.core);
  EXPECT_EQ(read(R"({"core": false})"), "");
  EXPECT_FALSE(policy_.core);
}

TEST_F(PolicyFile, AddsToLists) {
  EXPECT_EQ(read(R"({"setenv": ["A=1"]})"), "");
  EXPECT_EQ(read(R"({"setenv": ["B=2", "A=3"]})"), "");
  EXPECT_THAT(policy_.environment.set,
              ElementsAre(testing::Pair("B", "2"), testing::Pair("A", "3")));
}

TEST_F(PolicyFile, AnUnknownKeyIsToldWithTheNearestName) {
  EXPECT_EQ(read("{\n\"cpus\": 1,\n\"memroy\": \"1G\"}"),
            "policy.json:3: /memroy: unknown key; did you mean memory?");
  EXPECT_EQ(read("{\"ro-bind\": []}"),
            "policy.json:1: /ro-bind: unknown key; did you mean ro_bind?");
  EXPECT_EQ(read("{\"xyz\": 1}"), "policy.json:1: /xyz: unknown key");
  EXPECT_EQ(read("{\"\": 1}"), "policy.json:1: /: unknown key");
  EXPECT_EQ(read("{\"a/b~c\": 1}"), "policy.json:1: /a~1b~0c: unknown key");
  EXPECT_EQ(read("{\"a\\nb\": 1}"), "policy.json:1: \"/a\\x0ab\": unknown key");
}

TEST_F(PolicyFile, AnotherPolicyOrAnActionIsNoKey) {
  for (const char* name : {"policy", "dry_run", "doctor", "version", "help", "command"})
    EXPECT_THAT(read("{\"" + std::string(name) + "\": \"x\"}"), HasSubstr("unknown key")) << name;
}

TEST_F(PolicyFile, AKeyGivenTwiceIsToldWithBothLines) {
  EXPECT_EQ(read("{\"memory\": \"1G\",\n\n\"memory\": \"2G\"}"),
            "policy.json:3: /memory: given before, on line 1");
}

TEST_F(PolicyFile, WrongTypesAreTold) {
  EXPECT_EQ(read(R"({"memory": true})"),
            "policy.json:1: /memory: wants a string or a number, not a boolean");
  EXPECT_EQ(read(R"({"memory": null})"),
            "policy.json:1: /memory: wants a string or a number, not null");
  EXPECT_EQ(read(R"({"core": "yes"})"), "policy.json:1: /core: wants true or false, not a string");
  EXPECT_EQ(read(R"({"core": 1})"), "policy.json:1: /core: wants true or false, not a number");
  EXPECT_EQ(read(R"({"pids": "64"})"), "policy.json:1: /pids: wants a whole number, not a string");
  EXPECT_EQ(read(R"({"network": ["host"]})"),
            "policy.json:1: /network: wants a string, not a list");
  EXPECT_EQ(read(R"({"ro_bind": "data"})"),
            "policy.json:1: /ro_bind: wants a list (each a string), not a string");
  EXPECT_EQ(read(R"({"ro_bind": {"a": ["b"]}})"),
            "policy.json:1: /ro_bind: wants a list (each a string), not an object");
  EXPECT_EQ(read("{\"ro_bind\": [\"data\",\n 7]}"),
            "policy.json:2: /ro_bind/1: wants a string, not a number");
  EXPECT_EQ(read(R"({"ro_bind": [["data"]]})"),
            "policy.json:1: /ro_bind/0: wants a string, not a list");
  EXPECT_EQ(read(R"({"keep_fd": [{"a": 1}]})"),
            "policy.json:1: /keep_fd/0: wants a whole number, not an object");
}

TEST_F(PolicyFile, NumbersNeitherRoundNorWrap) {
  EXPECT_THAT(read(R"({"pids": 3.7})"), HasSubstr("/pids: 3.7: not a whole number"));
  EXPECT_THAT(read(R"({"pids": -1})"), HasSubstr("/pids: -1: not a whole number: it must not be"));
  EXPECT_THAT(read(R"({"pids": 18446744073709551616})"),
              HasSubstr("18446744073709551616: too large"));
  EXPECT_THAT(read(R"({"uid": 4294967296})"), HasSubstr("/uid: 4294967296: too large"));
  EXPECT_THAT(read(R"({"uid": 1e3})"), HasSubstr("/uid: 1e3: not a whole number"));
  EXPECT_THAT(read(R"({"memory": 1e9})"), HasSubstr("/memory: 1e9: not a size: unknown unit e9"));
  EXPECT_THAT(read(R"({"memory": 256})"), HasSubstr("did you mean 256M?"));
  EXPECT_THAT(read(R"({"memory": 1e999})"), HasSubstr("number overflow"));
  EXPECT_THAT(read(R"({"cpus": NaN})"), HasSubstr("policy.json:1: not a JSON object: "));
}

TEST_F(PolicyFile, AllProblemsAreToldAtOnce) {
  EXPECT_EQ(read("{\"memroy\": \"1G\",\n"
                 " \"cpus\": -1,\n"
                 " \"core\": 1,\n"
                 " \"bind\": [\"data\", \"nowhere\"],\n"
                 " \"core\": true\n"
                 "}"),
            "policy.json:1: /memroy: unknown key; did you mean memory?\n"
            "policy.json:3: /core: wants true or false, not a number\n"
            "policy.json:5: /core: given before, on line 3\n"
            "policy.json:2: /cpus: -1: not a number of CPUs: it must not be negative (CPUs are "
            "written 2, 1.5, 0.25)\n"
            "policy.json:4: /bind/1: nowhere: it does not exist");
}

TEST_F(PolicyFile, LinesAreThoseOfTheValueAlsoForNumbers) {
  EXPECT_THAT(read("{\"pids\": 0\n\n}"), StartsWith("policy.json:1: /pids: 0"));
  EXPECT_THAT(read("{\"keep_fd\": [\n8\n,\n9\n]}"),
              HasSubstr("policy.json:2: /keep_fd/0: 8: no such file descriptor is open\n"
                        "policy.json:4: /keep_fd/1: 9"));
  EXPECT_THAT(read("{\r\n\"pids\":\r\n0}"), StartsWith("policy.json:3: /pids: 0"));
}

TEST_F(PolicyFile, SyntaxErrorsAreToldWithTheirLine) {
  EXPECT_THAT(read(""), StartsWith("policy.json:1: not a JSON object: "));
  EXPECT_THAT(read("{\n\"memory\" \"1G\"}"),
              StartsWith("policy.json:2: not a JSON object: syntax"));
  EXPECT_THAT(read("{\"memory\": \"1G\",}"), HasSubstr("not a JSON object: syntax error"));
  EXPECT_THAT(read("{} {}"), HasSubstr("not a JSON object"));
  EXPECT_THAT(read("// no comments\n{}"), HasSubstr("not a JSON object"));
  EXPECT_THAT(read("{\"name\": \"\xff\"}"), HasSubstr("not a JSON object"));
  EXPECT_THAT(read("[1, {\"a\": [2]}]"), HasSubstr("not a JSON object: it begins with"));
  EXPECT_THAT(read("7"), HasSubstr("not a JSON object: it begins with"));
  EXPECT_THAT(read("\"memory\""), HasSubstr("not a JSON object: it begins with"));
}

TEST_F(PolicyFile, ASyntaxErrorDoesNotHideWhatIsWrongBefore) {
  EXPECT_THAT(read("{\"memroy\": 1, \"cpus\": 1, }"),
              HasSubstr("\npolicy.json:1: /memroy: unknown"));
}

TEST_F(PolicyFile, LongTextsGiveShortMessages) {
  EXPECT_LT(read("{\"" + std::string(100'000, 'x') + "\": 1}").size(), 1000u);
  EXPECT_LT(read(std::string(100'000, 'x')).size(), 1000u);
  std::string many = "{";
  for (int i = 0; i < 50'000; ++i) many += "\"k" + std::to_string(i) + "\": 1, ";
  EXPECT_LT(read(many + "\"x\": 1}").size(), 3000u);
}

TEST_F(PolicyFile, NestingWithoutEndIsHarmless) {
  EXPECT_THAT(read(std::string(1 << 20, '[')), HasSubstr("not a JSON object"));
  EXPECT_THAT(read("{\"bind\": " + std::string(1 << 19, '[') + std::string(1 << 19, ']') + "}"),
              HasSubstr("/bind/0: wants a string, not a list"));
}

TEST_F(PolicyFile, AZeroByteInAPathIsRefused) {
  EXPECT_EQ(read(R"({"bind": ["data\u0000x"]})"),
            "policy.json:1: /bind/0: it has a zero byte in it");
}

TEST_F(PolicyFile, PathsAreRelativeToTheFile) {
  world_.files["/etc/sandbox/data"] = {FileKind::directory, 0, 0};
  world_.texts["/etc/sandbox/p.json"] = R"({"ro_bind": ["data"]})";
  Problems problems;
  apply_policy_file(policy_, "/etc/sandbox/p.json", "../p.json", world_, problems);
  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(policy_.mounts.at(0).source, "/etc/sandbox/data");
  EXPECT_THAT(policy_.policy_files, ElementsAre("/etc/sandbox/p.json"));
}

TEST_F(PolicyFile, AFileInTheRootHasABaseToo) {
  world_.texts["/p.json"] = R"({"ro_bind": ["usr"]})";
  Problems problems;
  apply_policy_file(policy_, "/p.json", "/p.json", world_, problems);
  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(policy_.mounts.at(0).source, "/usr");
}

TEST_F(PolicyFile, AMissingFileIsNamedAsWritten) {
  Problems problems;
  apply_policy_file(policy_, "/home/u/proj/p.json", "p.json", world_, problems);
  EXPECT_EQ(refusal([&] { throw problems.error(); }), "cannot read the policy file p.json: ENOENT");
  EXPECT_TRUE(policy_.policy_files.empty());
}

}  // namespace
}  // namespace sandbox
