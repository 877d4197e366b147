// Where the report goes: a file, a folder, a device, a FIFO or an inherited descriptor.
#pragma once

#include <string>
#include <string_view>

#include "report/report.h"
#include "sys/unique_fd.h"

namespace sandbox {

// "<name>-<run id>.json" with every byte that is not [A-Za-z0-9._-] replaced: what --report-dir
// uses.
std::string report_file_name(std::string_view name, std::string_view run_id);

// Before the test starts: throws Error (exit code 125, naming the user's own words) where a report
// could not be written: a missing or read-only folder, a directory, a closed descriptor. Leaves
// nothing behind, and does not open FIFOs: they need no reader yet.
void check_report_target(const Reporting& reporting);

// The same targets by descriptors of their folders, opened now: what the test puts in the way of a
// path later does not lead the report elsewhere. A --report-dir is made here. Keep it until the
// report is written.
class PinnedTargets {
 public:
  explicit PinnedTargets(const Reporting& reporting);  // throws Error
  const Reporting& reporting() const { return reporting_; }

 private:
  Reporting reporting_;
  UniqueFd report_folder_;
  UniqueFd report_dir_;
};

// Writes to reporting.report and to reporting.report_dir, which is created where it is missing.
// A regular file is replaced in one rename, so nobody ever reads half a report; symlinks to one are
// followed. Devices, FIFOs and "fd:N" are written directly. A FIFO that nobody reads is an error,
// never a wait. Tries both targets; throws the first Error.
void write_report(const Report& report, const Reporting& reporting);

// All of `text`, without SIGPIPE; a reader that takes nothing for five seconds is given up
// (non-blocking descriptors). Returns 0 or errno.
int write_text(int fd, std::string_view text);

}  // namespace sandbox
