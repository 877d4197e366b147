// Where the report goes: a file, a folder, a device, a FIFO or an inherited descriptor.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "report/report.h"

namespace sandbox {

// "<name>-<run id>.json" with every byte that is not [A-Za-z0-9._-] replaced: what --report-dir
// uses.
std::string report_file_name(std::string_view name, std::string_view run_id);

struct PinnedTarget;

// Where --report and --report-dir lead, looked up and opened once, before the test starts: what the
// test puts in the way of a path later does not lead the report elsewhere.
class ReportTargets {
 public:
  // Throws Error (exit code 125, naming the user's own words) where a report could not be written:
  // a missing or read-only folder, a directory, a closed descriptor. A --report-dir is made here;
  // nothing else is left behind, and no FIFO opened: it needs no reader yet.
  explicit ReportTargets(const Reporting& reporting);
  ~ReportTargets();

  // Once. A regular file appears, or is replaced, in one step, so that nobody ever reads half a
  // report; symlinks to one are followed. Devices, FIFOs and "fd:N" are written directly. A FIFO
  // that nobody reads is an error, never a wait. Tries both targets; throws the first Error.
  void write(const Report& report);

 private:
  std::unique_ptr<PinnedTarget> report_;
  std::unique_ptr<PinnedTarget> folder_;
};

// Another file that an option names ("--gtest_output", "xml:out.xml"), looked up and written as a
// report is.
class TextTarget {
 public:
  // Throws Error (exit code 125) where it could not be written.
  TextTarget(const std::string& option, const std::string& value);
  TextTarget(TextTarget&&) noexcept;
  ~TextTarget();

  // Once. Throws Error.
  void write(const std::string& text, const std::string& run_id);

 private:
  std::unique_ptr<PinnedTarget> pinned_;
};

// Looks up and writes at once: for a run that was refused. Tries both targets; throws the first
// Error.
void write_report(const Report& report, const Reporting& reporting);

// For a process whose descriptors are not the caller's. Throws Error where a target is one from
// `first` on.
void refuse_descriptors(const Reporting& reporting, int first, const std::string& hint);

// All of `text`, without SIGPIPE; a reader that takes nothing for five seconds is given up
// (non-blocking descriptors). Returns 0 or errno.
int write_text(int fd, std::string_view text);

}  // namespace sandbox
