// What sandbox-exec itself ends with.
#pragma once

#include <optional>

#include "policy/policy.h"
#include "report/report.h"

namespace sandbox {

// `signal` set: it dies of that signal, non-dumpable so that no crash collector files it. Else it
// exits with `code`.
struct Ending {
  std::optional<int> signal{};
  int code = 0;
  bool operator==(const Ending&) const = default;
};

// Without options: the test's own exit code; the same signal that killed the test; 124 at a
// deadline of ours; 125 the sandbox failed, 126 not executable, 127 not found. if_unsupported=skip:
// 77 where the set-up failed because this host lacks something. ctest: every end that is not the
// test's own exit dies of a signal, since CTest's WILL_FAIL and PASS_REGULAR_EXPRESSION turn codes
// green; it wins over signal_exit_as_code, not over the 77 of a skip. signal_exit_as_code: 128+n in
// place of signal n.
Ending ending_of(const Outcome& outcome, const Reporting& reporting);

// As a shell shows it: the code, or 128+n.
int exit_status(const Ending& ending);

}  // namespace sandbox
