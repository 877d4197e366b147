// The whole table: verdict × options → what sandbox-exec ends with.
#include "report/exit_code.h"

#include <gtest/gtest.h>

#include <csignal>

namespace sandbox {
namespace {

Ending code(int value) {
  return {std::nullopt, value};
}
Ending signal_of(int value) {
  return {value, 128 + value};
}

Outcome outcome_of(Verdict verdict, Exit exit = {}) {
  Outcome outcome;
  outcome.verdict = verdict;
  outcome.exit = exit;
  return outcome;
}

Outcome failed_setup(int exit_code, bool unsupported = false) {
  Outcome outcome = outcome_of(Verdict::setup_failed);
  outcome.evidence.setup_exit_code = exit_code;
  outcome.evidence.unsupported = unsupported;
  return outcome;
}

Outcome interrupted(int signal, Exit exit = {}) {
  Outcome outcome = outcome_of(Verdict::interrupted, exit);
  outcome.evidence.interrupt_signal = signal;
  return outcome;
}

struct Case {
  const char* what;
  Outcome outcome;
  Ending plain;
  Ending as_code;
  Ending ctest;
};

const Exit kCode0{.code = 0};
const Exit kCode3{.code = 3};
const Exit kKilled{.signal = SIGKILL};
const Exit kSegv{.signal = SIGSEGV};

const Case kCases[] = {
    // clang-format off
    {"passed",              outcome_of(Verdict::passed, kCode0),              code(0),            code(0),   code(0)},
    {"failed",              outcome_of(Verdict::failed, kCode3),              code(3),            code(3),   code(3)},
    {"failed 137",          outcome_of(Verdict::failed, {.code = 137}),       code(137),          code(137), code(137)},
    {"crashed",             outcome_of(Verdict::crashed, kSegv),              signal_of(SIGSEGV), code(139), signal_of(SIGSEGV)},
    {"oom, main killed",    outcome_of(Verdict::out_of_memory, kKilled),      signal_of(SIGKILL), code(137), signal_of(SIGKILL)},
    {"oom, main exits",     outcome_of(Verdict::out_of_memory, kCode3),       code(3),            code(3),   signal_of(SIGKILL)},
    {"oom, main exits 0",   outcome_of(Verdict::out_of_memory, kCode0),       signal_of(SIGKILL), code(137), signal_of(SIGKILL)},
    {"oom, init killed",    outcome_of(Verdict::out_of_memory),               signal_of(SIGKILL), code(137), signal_of(SIGKILL)},
    {"outer, main killed",  outcome_of(Verdict::outer_memory_limit, kKilled), signal_of(SIGKILL), code(137), signal_of(SIGKILL)},
    {"outer, main exits",   outcome_of(Verdict::outer_memory_limit, kCode3),  code(3),            code(3),   signal_of(SIGKILL)},
    {"timed out",           outcome_of(Verdict::timed_out, kKilled),          code(124),          code(124), signal_of(SIGTERM)},
    {"timed out, exits 0",  outcome_of(Verdict::timed_out, kCode0),           code(124),          code(124), signal_of(SIGTERM)},
    {"cpu time",            outcome_of(Verdict::cpu_time_exceeded, kKilled),  code(124),          code(124), signal_of(SIGXCPU)},
    {"output",              outcome_of(Verdict::output_exceeded, kCode0),     signal_of(SIGTERM), code(143), signal_of(SIGTERM)},
    {"killed",              outcome_of(Verdict::killed, kKilled),             signal_of(SIGKILL), code(137), signal_of(SIGKILL)},
    {"killed by SIGTERM",   outcome_of(Verdict::killed, {.signal = SIGTERM}), signal_of(SIGTERM), code(143), signal_of(SIGKILL)},
    {"killed, init",        outcome_of(Verdict::killed),                      signal_of(SIGKILL), code(137), signal_of(SIGKILL)},
    {"leaked",              outcome_of(Verdict::leaked, kCode0),              code(1),            code(1),   signal_of(SIGKILL)},
    {"interrupted",         interrupted(SIGINT, kKilled),                     signal_of(SIGINT),  code(130), signal_of(SIGINT)},
    {"interrupted, exits 0",interrupted(SIGTERM, kCode0),                     signal_of(SIGTERM), code(143), signal_of(SIGTERM)},
    {"set-up",              failed_setup(125),                                code(125),          code(125), signal_of(SIGABRT)},
    {"not executable",      failed_setup(126),                                code(126),          code(126), signal_of(SIGABRT)},
    {"not found",           failed_setup(127),                                code(127),          code(127), signal_of(SIGABRT)},
    // clang-format on
};

TEST(ExitCode, FollowsTheTable) {
  for (const Case& row : kCases) {
    SCOPED_TRACE(row.what);
    EXPECT_EQ(ending_of(row.outcome, {}), row.plain);
    EXPECT_EQ(ending_of(row.outcome, {.signal_exit_as_code = true}), row.as_code);
    EXPECT_EQ(ending_of(row.outcome, {.ctest = true}), row.ctest);
  }
}

TEST(ExitCode, CtestWinsOverSignalsAsCodes) {
  for (const Case& row : kCases) {
    SCOPED_TRACE(row.what);
    EXPECT_EQ(ending_of(row.outcome, {.signal_exit_as_code = true, .ctest = true}), row.ctest);
  }
}

TEST(ExitCode, OnlyPassedEndsWithZero) {
  for (const Case& row : kCases) {
    SCOPED_TRACE(row.what);
    for (const Reporting& reporting : {Reporting{}, Reporting{.ctest = true}}) {
      EXPECT_EQ(exit_status(ending_of(row.outcome, reporting)) == 0,
                row.outcome.verdict == Verdict::passed);
    }
  }
}

TEST(ExitCode, SkipsOnlyWhatThisHostLacks) {
  const Reporting skip{.if_unsupported = IfUnsupported::skip};
  const Reporting skip_in_ctest{.ctest = true, .if_unsupported = IfUnsupported::skip};
  EXPECT_EQ(ending_of(failed_setup(125, true), skip), code(77));
  EXPECT_EQ(ending_of(failed_setup(125, true), skip_in_ctest), code(77));
  EXPECT_EQ(ending_of(failed_setup(127, false), skip), code(127));
  EXPECT_EQ(ending_of(failed_setup(125, true), {}), code(125));
}

TEST(ExitCode, IsShownAsAShellShowsIt) {
  EXPECT_EQ(exit_status(code(3)), 3);
  EXPECT_EQ(exit_status(signal_of(SIGKILL)), 137);
  EXPECT_EQ(exit_status({SIGKILL, 0}), 137);
}

TEST(Verdict, HasANameForEach) {
  EXPECT_EQ(verdict_name(Verdict::out_of_memory), "out-of-memory");
  for (int i = 0; i <= static_cast<int>(Verdict::setup_failed); ++i) {
    EXPECT_NE(verdict_name(static_cast<Verdict>(i)), "unknown");
  }
}

}  // namespace
}  // namespace sandbox
