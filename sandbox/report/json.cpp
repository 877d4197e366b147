#include "report/json.h"

#include "report/event_stream.h"
#include "report/keys.h"

namespace sandbox {
namespace {

constexpr auto kBeginKeys = [](auto& keys, auto& report) {
  keys.derived("schema", kEventsSchema);
  keys.derived("kind", "begin");
  keys.field("run_id", report.run_id);
  keys.field("name", report.name);
  keys.field("command", report.command);
  keys.field("started_at", report.started_at);
};

constexpr auto kReportLineKeys = [](auto& keys, auto& report) {
  keys.derived("kind", "report");
  keys.part("report", report, kReportKeys);
};

template <typename Record, typename Keys>
std::string one_line_of(const Record& record, Keys keys) {
  return KeyWriter::written(record, keys, JsonLayout::one_line) + "\n";
}

}  // namespace

std::string begin_line(const Report& report) {
  return one_line_of(report, kBeginKeys);
}

std::string event_line(const Event& event) {
  return one_line_of(event, kEventKeys);
}

std::string report_line(const Report& report) {
  return one_line_of(report, kReportLineKeys);
}

std::string to_compact_json(const Report& report) {
  return one_line_of(report, kReportKeys);
}

std::string to_json(const Report& report) {
  return KeyWriter::written(report, kReportKeys, JsonLayout::indented) + "\n";
}

}  // namespace sandbox
