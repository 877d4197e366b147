#include "report/exit_code.h"

#include <csignal>

namespace sandbox {
namespace {

constexpr int kSkipped = 77;    // what CTest's SKIP_RETURN_CODE and automake take for "skipped"
constexpr int kDeadline = 124;  // as timeout(1)

enum class Plain {
  own,           // the main process's own end; `otherwise` where it has none, or where it is 0
  code,          // `otherwise`
  setup,         // the evidence's setup_exit_code
  interruption,  // the caller's own signal
};

enum class UnderCtest { own, signal };

struct Rule {
  Verdict verdict;
  Plain plain;
  Ending otherwise;
  UnderCtest under_ctest;
  int ctest_signal;
};

constexpr Ending dies_of(int signal) {
  return {signal, 128 + signal};
}
constexpr Ending exits_with(int code) {
  return {std::nullopt, code};
}

constexpr Rule kRules[] = {
    // clang-format off
    {Verdict::passed,             Plain::own,          exits_with(0),         UnderCtest::own,    0},
    {Verdict::failed,             Plain::own,          exits_with(1),         UnderCtest::own,    0},
    {Verdict::crashed,            Plain::own,          dies_of(SIGABRT),      UnderCtest::own,    0},
    {Verdict::out_of_memory,      Plain::own,          dies_of(SIGKILL),      UnderCtest::signal, SIGKILL},
    {Verdict::outer_memory_limit, Plain::own,          dies_of(SIGKILL),      UnderCtest::signal, SIGKILL},
    {Verdict::timed_out,          Plain::code,         exits_with(kDeadline), UnderCtest::signal, SIGTERM},
    {Verdict::cpu_time_exceeded,  Plain::code,         exits_with(kDeadline), UnderCtest::signal, SIGXCPU},
    {Verdict::output_exceeded,    Plain::code,         dies_of(SIGTERM),      UnderCtest::signal, SIGTERM},
    {Verdict::killed,             Plain::own,          dies_of(SIGKILL),      UnderCtest::signal, SIGKILL},
    {Verdict::leaked,             Plain::own,          exits_with(1),         UnderCtest::signal, SIGKILL},
    {Verdict::interrupted,        Plain::interruption, dies_of(SIGTERM),      UnderCtest::own,    0},
    {Verdict::setup_failed,       Plain::setup,        exits_with(125),       UnderCtest::signal, SIGABRT},
    // clang-format on
};

const Rule& rule_of(Verdict verdict) {
  for (const Rule& rule : kRules) {
    if (rule.verdict == verdict) return rule;
  }
  return kRules[0];
}

// A verdict other than passed never ends with 0, whatever the main process did after it was
// decided.
Ending own_end(const Outcome& outcome, const Ending& otherwise) {
  if (outcome.exit.signal) return dies_of(*outcome.exit.signal);
  if (outcome.exit.code && *outcome.exit.code != 0) return exits_with(*outcome.exit.code);
  return otherwise;
}

Ending plain_ending(const Outcome& outcome, const Rule& rule) {
  const Evidence& evidence = outcome.evidence;
  switch (rule.plain) {
    case Plain::own:
      return own_end(outcome, rule.otherwise);
    case Plain::code:
      return rule.otherwise;
    case Plain::setup:
      return exits_with(evidence.setup_exit_code);
    case Plain::interruption:
      return evidence.interrupt_signal ? dies_of(evidence.interrupt_signal) : rule.otherwise;
  }
  return rule.otherwise;
}

bool is_skip(const Outcome& outcome, const Reporting& reporting) {
  return outcome.verdict == Verdict::setup_failed && outcome.evidence.unsupported &&
         reporting.if_unsupported == IfUnsupported::skip;
}

}  // namespace

Ending ending_of(const Outcome& outcome, const Reporting& reporting) {
  if (is_skip(outcome, reporting)) return exits_with(kSkipped);
  const Rule& rule = rule_of(outcome.verdict);
  const Ending plain = plain_ending(outcome, rule);
  if (reporting.ctest) {
    return rule.under_ctest == UnderCtest::signal ? dies_of(rule.ctest_signal) : plain;
  }
  if (plain.signal && reporting.signal_exit_as_code) return exits_with(plain.code);
  return plain;
}

int exit_status(const Ending& ending) {
  return ending.signal ? 128 + *ending.signal : ending.code;
}

}  // namespace sandbox
