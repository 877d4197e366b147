// The names of what a report tells in one word, both ways.
#pragma once

#include <array>

#include "policy/choices.h"
#include "report/report.h"

namespace sandbox {

inline constexpr std::array<Choice<Verdict>, 12> kVerdicts{{
    {"passed", Verdict::passed},
    {"failed", Verdict::failed},
    {"crashed", Verdict::crashed},
    {"out-of-memory", Verdict::out_of_memory},
    {"outer-memory-limit", Verdict::outer_memory_limit},
    {"timed-out", Verdict::timed_out},
    {"cpu-time-exceeded", Verdict::cpu_time_exceeded},
    {"output-exceeded", Verdict::output_exceeded},
    {"killed", Verdict::killed},
    {"leaked", Verdict::leaked},
    {"interrupted", Verdict::interrupted},
    {"setup-failed", Verdict::setup_failed},
}};

inline constexpr std::array<Choice<Sender>, 7> kSenders{{
    {"none", Sender::none},
    {"itself", Sender::itself},
    {"inside", Sender::inside},
    {"outside", Sender::outside},
    {"us", Sender::us},
    {"kernel", Sender::kernel},
    {"unknown", Sender::unknown},
}};

inline constexpr std::array<Choice<Certainty>, 3> kCertainties{{
    {"certain", Certainty::certain},
    {"probable", Certainty::probable},
    {"unknown", Certainty::unknown},
}};

}  // namespace sandbox
