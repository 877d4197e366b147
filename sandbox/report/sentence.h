// The one line that a person reads on stderr, and what helps.
#pragma once

#include <string>

#include "report/report.h"

namespace sandbox {

struct Sentence {
  std::string line{};  // "timed-out: ./t ran longer than 30 s …"; empty on passed
  std::string hint{};  // without "hint: "; empty where nothing helps
};

// Pure. The line opens with the verdict's name; with "not found" or "not executable" where the
// set-up failed with 127 or 126. An outcome.hint that is already set is kept. Both are one line,
// but for a set-up that failed for several reasons at once.
Sentence explain(const Report& report);

// "sandbox-exec: <line>" and "hint: <hint>" in one write. Nothing on passed or with
// reporting.quiet. A reader that has gone, or a full disk, is no error.
void write_sentence(int fd, const Sentence& sentence, const Reporting& reporting);

}  // namespace sandbox
