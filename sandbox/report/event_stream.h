// What --events streams while the run goes on: one JSON object a line, schema sandbox-events/1
// (docs/report.md).
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "policy/policy.h"
#include "report/report.h"
#include "sys/unique_fd.h"

namespace sandbox {

inline constexpr const char* kEventsSchema = "sandbox-events/1";

// Each with its newline; valid UTF-8, as to_json.
std::string begin_line(const Report& report);
std::string event_line(const Event& event);
std::string report_line(const Report& report);

// Who wants to know while a run goes on. Empty: nobody.
struct EventSink {
  std::function<void(const Report&)> begin{};  // run_id, name, command, started_at are set
  std::function<void(const Event&)> event{};
};

// Writes each line in one write(2), in order, and never waits for a reader before end(): what a
// slow one does not take is kept, up to 1 MiB. A reader that is further behind, or has gone, or a
// full disk ends the stream, not the run. No SIGPIPE.
class EventStream {
 public:
  EventStream() = default;  // nobody reads

  // Opens what reporting.events names: a file is made, or emptied, and appended to; devices, FIFOs
  // and "fd:N" are written directly. Throws Error (exit code 125, naming the user's own words):
  // also for a FIFO that nobody reads yet.
  explicit EventStream(const Reporting& reporting);

  void begin(const Report& report);
  void event(const Event& event);
  // The last line, and what was kept: waits for a slow reader, five seconds in all. Returns the
  // warning for the report where the stream is not whole.
  std::optional<std::string> end(const Report& report);

  // Calls this: keep it where it is meanwhile.
  EventSink sink();

 private:
  using Clock = std::chrono::steady_clock;

  void add(const std::string& line, Clock::time_point until);
  int flush(Clock::time_point until);
  ssize_t write_line_part(std::string_view line) const;
  void give_up(const std::string& why);

  UniqueFd fd_;
  bool is_socket_ = false;
  bool may_block_ = false;  // a write of more than PIPE_BUF
  std::string words_;       // "--events out.jsonl"
  std::string pending_;     // begins with what is left of the line that is being written
  std::string warning_;
};

}  // namespace sandbox
