// How a run ended. The first cause wins.
#pragma once

#include <string_view>

namespace sandbox {

enum class Verdict {
  passed,
  failed,              // the test's own non-zero exit
  crashed,             // died of a signal it raised itself: SIGSEGV, SIGABRT, …
  out_of_memory,       // the kernel's OOM killer, at this run's own cap
  outer_memory_limit,  // the kernel's OOM killer, at a limit above this sandbox
  timed_out,           // --timeout
  cpu_time_exceeded,   // --cpu-time
  output_exceeded,     // --output-limit
  killed,              // a signal it did not raise itself and that is not ours
  leaked,              // --leaks=fail and processes were left over
  interrupted,         // the caller's SIGINT, SIGTERM or SIGHUP
  setup_failed,        // the test never ran
};

// The name in reports and messages: "out-of-memory".
std::string_view verdict_name(Verdict verdict);

}  // namespace sandbox
