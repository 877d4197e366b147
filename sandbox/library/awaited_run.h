// One run of the library, from its start to its callback.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "sandbox/runs.h"
#include "sys/unique_fd.h"

namespace sandbox {

struct CpuTime {
  double user = 0;
  double system = 0;
};

// A sandbox's PID 1, this process's child.
struct Sandbox {
  pid_t pid = -1;
  UniqueFd pidfd{};  // none where this process could open no more when it came

  // Waits: its end is known, or near. Nothing where another has reaped it, or SIGCHLD is ignored.
  std::optional<CpuTime> reap() const;
  // Kills and reaps it.
  void end() const;
  // Throws Error where there is none and none can be opened.
  void need_pidfd();
};

struct AwaitedRun {
  Policy policy{};
  Runs::Callback callback{};
  UniqueFd pipe{};
  std::string text{};  // of the report, as far as it has come
  std::vector<Sandbox> sandboxes{};
  pid_t newest = -1;         // of those, also where it was handed over
  bool handed_over = false;  // one of them: take_process
};

// Reads what is there; true at the end.
bool read_to_end(AwaitedRun& run);

// After the end: reaps the sandboxes.
Report make_report(AwaitedRun& run);

}  // namespace sandbox
