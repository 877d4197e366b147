// The report's text: what a reader may rely on.
#include "report/json.h"

#include <gtest/gtest.h>

#include <csignal>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "policy/encoding.h"
#include "report/event_stream.h"
#include "sandbox/report/samples.h"

namespace sandbox {
namespace {

using Json = nlohmann::ordered_json;

Json parsed(const Report& report) {
  return Json::parse(to_json(report));
}

TEST(ReportJson, OpensWithItsSchema) {
  EXPECT_EQ(parsed(empty_report()).items().begin().key(), "schema");
  EXPECT_EQ(parsed(empty_report())["schema"], "sandbox-report/1");
  EXPECT_TRUE(to_json(empty_report()).starts_with("{\n  \"schema\": \"sandbox-report/1\","));
  EXPECT_TRUE(to_json(empty_report()).ends_with("}\n"));
}

TEST(ReportJson, WritesNullForWhatIsUnknown) {
  const Json json = parsed(empty_report());
  for (const auto& [key, figure] : json["usage"].items()) {
    EXPECT_TRUE(key == "sources" || figure.is_null()) << key;
  }
  for (const auto& [key, source] : json["usage"]["sources"].items())
    EXPECT_TRUE(source.is_null()) << key;
  for (const char* key : {"reason", "hint", "test", "cgroup", "overhead_seconds"})
    EXPECT_TRUE(json[key].is_null()) << key;
  for (const char* key : {"code", "signal", "signal_name"})
    EXPECT_TRUE(json["exit"][key].is_null()) << key;
  for (const char* key :
       {"oom_kills", "limit_seconds", "outer_group", "interrupt_signal", "setup"}) {
    EXPECT_TRUE(json["evidence"][key].is_null()) << key;
  }
}

TEST(ReportJson, KeepsZeroApartFromUnknown) {
  Report report = empty_report();
  report.usage.oom_kills = {0, "cgroup v2 memory.events"};
  report.outcome.exit.code = 0;
  const Json json = parsed(report);
  EXPECT_EQ(json["usage"]["oom_kills"], 0);
  EXPECT_EQ(json["exit"]["code"], 0);
}

TEST(ReportJson, PutsASourceBesideEachFigure) {
  const Json usage = parsed(full_report())["usage"];
  EXPECT_EQ(usage["memory_peak_bytes"], 268435456);
  EXPECT_EQ(usage["sources"]["memory_peak_bytes"], "cgroup v2 memory.peak");
  for (const auto& [key, figure] : usage.items()) {
    EXPECT_TRUE(key == "sources" || usage["sources"].contains(key)) << key;
  }
  EXPECT_EQ(usage["sources"].size(), usage.size() - 1);
}

TEST(ReportJson, TellsTheEndOfTheMainProcess) {
  EXPECT_EQ(parsed(full_report())["exit"],
            Json::parse(
                R"({"code": null, "signal": 9, "signal_name": "SIGKILL", "core_dumped": false})"));
  EXPECT_EQ(parsed(full_report())["exit_status"], 137);
}

TEST(ReportJson, TellsWhyTheSetUpFailed) {
  Report report = empty_report();
  report.outcome.verdict = Verdict::setup_failed;
  report.outcome.evidence.setup_attempt = "cannot mount tmpfs on /tmp (step 7 of 12)";
  report.outcome.evidence.setup_errno = EPERM;
  const Json expected = {{"attempt", "cannot mount tmpfs on /tmp (step 7 of 12)"},
                         {"errno", EPERM},
                         {"errno_name", "EPERM"},
                         {"exit_code", 125},
                         {"unsupported", false}};
  EXPECT_EQ(parsed(report)["evidence"]["setup"], expected);
}

TEST(ReportJson, NamesEverySenderAndCertainty) {
  Report report = empty_report();
  for (int i = 0; i <= static_cast<int>(Sender::unknown); ++i) {
    report.outcome.evidence.sender = static_cast<Sender>(i);
    EXPECT_TRUE(parsed(report)["evidence"]["sender"].is_string()) << i;
  }
  for (int i = 0; i <= static_cast<int>(Certainty::unknown); ++i) {
    report.outcome.evidence.certainty = static_cast<Certainty>(i);
    EXPECT_TRUE(parsed(report)["evidence"]["certainty"].is_string()) << i;
  }
}

TEST(ReportJson, KeepsWordsAndNumbersOfEvents) {
  const Json events = parsed(full_report())["events"];
  EXPECT_EQ(events[0], Json::parse(R"({"kind": "started", "at_seconds": 0.004, "details": {}})"));
  EXPECT_EQ(events[1]["details"], Json::parse(R"({"count": 1, "where": "memory.events"})"));
}

TEST(ReportJson, NeverHoldsAValueOfTheEnvironment) {
  EXPECT_EQ(to_json(full_report()).find("never-in-a-report"), std::string::npos);
  EXPECT_NE(to_json(full_report()).find("PASSWORD"), std::string::npos);
}

// --- the text

TEST(ReportJson, IsTheTextThatNlohmannMakesOfTheSame) {
  Report every_byte = full_report();
  for (char c = 0; c < 0x7f; ++c) every_byte.cwd += c;
  every_byte.cwd += "\x7f\u0080ü日本😀";
  std::vector<Report> reports{every_byte};
  for (const Sample& sample : sample_reports()) reports.push_back(sample.report);
  for (const Report& report : reports) {
    EXPECT_EQ(to_json(report), parsed(report).dump(2) + "\n");
    EXPECT_EQ(report_line(report), Json::parse(report_line(report)).dump() + "\n");
  }
}

// --- bytes that are not UTF-8

TEST(ReportJson, PutsTheBytesBesideAStringThatIsNotUtf8) {
  const Json json = parsed(extreme_report());
  EXPECT_EQ(json["cwd"], "/p\ufffd");
  EXPECT_EQ(json["cwd_base64"], base64("/p\xfe"));
  EXPECT_EQ(json["leaks"][0]["command_line_base64"], base64("\x80\x81"));
  EXPECT_EQ(json["mounts"][0]["source_base64"], base64("/\xff"));
  EXPECT_EQ(json["events"][0]["details"]["name_base64"], base64("\xff"));
  EXPECT_EQ(json["policy"]["chdir_base64"], base64("/\xff"));
}

TEST(ReportJson, PutsAListOfBytesBesideAListWithSuchStrings) {
  const Json json = parsed(extreme_report());
  EXPECT_EQ(json["command"][0], "./t\ufffd");
  EXPECT_EQ(json["command_base64"][0], base64("./t\xff"));
  EXPECT_TRUE(json["command_base64"][1].is_null());
  EXPECT_EQ(json["command_base64"].size(), json["command"].size());
  EXPECT_EQ(json["environment"]["removed_base64"], Json::parse(R"(["Qf8=", null])"));
}

TEST(ReportJson, HasNoBytesBesideTextThatIsUtf8) {
  Report report = full_report();
  report.cwd = "/münchen/日本/😀";
  report.command = {"./t", "ü", ""};
  EXPECT_EQ(to_json(report).find("_base64"), std::string::npos);
  EXPECT_EQ(parsed(report)["cwd"], "/münchen/日本/😀");
}

// --- numbers that JSON does not have

TEST(ReportJson, WritesNullForWhatIsNoNumber) {
  const Json json = parsed(extreme_report());
  for (const char* key : {"wall_seconds", "cpu_user_seconds", "cpu_system_seconds"}) {
    EXPECT_TRUE(json["usage"][key].is_null()) << key;
  }
  EXPECT_TRUE(json["events"][0]["at_seconds"].is_null());
}

TEST(ReportJson, KeepsTheLargestNumbersExactly) {
  const Json json = parsed(extreme_report());
  EXPECT_EQ(json["usage"]["memory_peak_bytes"].get<std::uint64_t>(),
            std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(json["events"][0]["details"]["count"].get<std::int64_t>(),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(json["identity"]["uid_outside"], 4294967295U);
}

}  // namespace
}  // namespace sandbox
