// Every way a run can end, and the verdict it gets.
#include "supervise/judge.h"

#include <gtest/gtest.h>

#include <csignal>
#include <vector>

namespace sandbox {
namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;
constexpr std::uint64_t kCap = 256 * kMiB;

constexpr int exited(int code) {
  return code << 8;
}
constexpr int died(int signal) {
  return signal;
}
constexpr int kDumpedCore = 0x80;

// A run under a group with nothing unusual about it.
Facts ran(std::optional<int> wait_status, Layout layout = Layout::v2) {
  Facts facts;
  facts.exec_reached = true;
  facts.wait_status = wait_status;
  facts.layout = layout;
  facts.memory_cap = kCap;
  facts.counters.oom_kills = 0;
  facts.counters.memory_peak = 10 * kMiB;
  if (layout == Layout::v2) facts.counters.oom_events = 0;
  return facts;
}

Facts with(Facts facts, void (*change)(Facts&)) {
  change(facts);
  return facts;
}

Facts oom_killed(std::optional<int> wait_status, Layout layout = Layout::v2) {
  Facts facts = ran(wait_status, layout);
  facts.counters.oom_kills = 1;
  facts.counters.memory_peak = kCap;
  if (layout == Layout::v2) facts.counters.oom_events = 1;
  return facts;
}

Facts outer_killed(std::optional<int> wait_status, Layout layout = Layout::v2) {
  Facts facts = oom_killed(wait_status, layout);
  facts.counters.memory_peak = 200 * kMiB;
  if (layout == Layout::v2) facts.counters.oom_events = 0;
  return facts;
}

Facts timed_out(std::optional<int> wait_status) {
  Facts facts = ran(wait_status);
  facts.deadline_wall = true;
  facts.timeout = 30;
  facts.cpu_used = 0.1;
  facts.oom_kills_before = 0;
  return facts;
}

Facts out_of_cpu_time(std::optional<int> wait_status) {
  Facts facts = ran(wait_status);
  facts.deadline_cpu = true;
  facts.cpu_time_limit = 10;
  facts.cpu_used = 10.2;
  facts.oom_kills_before = 0;
  return facts;
}

Facts interrupted(std::optional<int> wait_status) {
  Facts facts = ran(wait_status);
  facts.interrupt_signal = SIGINT;
  facts.oom_kills_before = 0;
  return facts;
}

Facts not_started() {
  Facts facts = ran(std::nullopt);
  facts.exec_reached = false;
  return facts;
}

Facts failed_setup() {
  Facts facts = not_started();
  facts.setup_failure =
      SetupFailure{"cannot mount tmpfs on /tmp (step 7 of 12)", EPERM, 125, "look", true};
  return facts;
}

Facts without_group(Facts facts) {
  facts.layout = Layout::none;
  facts.memory_cap.reset();
  facts.counters = {};
  return facts;
}

Facts without_cap(Facts facts) {
  facts.memory_cap.reset();
  return facts;
}

Facts under_outer_group(Facts facts) {
  facts.outer = {"/runner.service", 7 * kMiB, 8 * kMiB};
  return facts;
}

Facts watched(Facts facts) {
  facts.kill_watch_active = true;
  return facts;
}

Facts killed_from_inside(Facts facts) {
  facts.kill_from_inside_seen = true;
  return watched(facts);
}

Facts lost_init(Facts facts) {
  facts.init_died = true;
  facts.wait_status.reset();
  return facts;
}

struct Case {
  const char* what;
  Facts facts;
  Verdict verdict;
  Sender sender;
  Certainty certainty;
};

using V = Verdict;
using S = Sender;
using C = Certainty;
constexpr auto v1 = Layout::v1;

std::vector<Case> ends_of_its_own() {
  return {
      // clang-format off
      {"exit 0",                        ran(exited(0)),                    V::passed,  S::none,   C::certain},
      {"exit 0, without a group",       without_group(ran(exited(0))),     V::passed,  S::none,   C::certain},
      {"exit 3",                        ran(exited(3)),                    V::failed,  S::none,   C::certain},
      {"exit(137) is no kill",          ran(exited(137)),                  V::failed,  S::none,   C::certain},
      {"exit(139) is no crash",         ran(exited(139)),                  V::failed,  S::none,   C::certain},
      {"exit(124) is no time-out",      ran(exited(124)),                  V::failed,  S::none,   C::certain},
      {"exit(127) is not 'not found'",  ran(exited(127)),                  V::failed,  S::none,   C::certain},
      {"peak at the cap, no kill",      with(ran(exited(1)), [](Facts& f) { f.counters.memory_peak = kCap; }),
                                                                           V::failed,  S::none,   C::certain},
      {"SIGSEGV",                       ran(died(SIGSEGV)),                V::crashed, S::itself, C::probable},
      {"SIGABRT with a core",           ran(died(SIGABRT) | kDumpedCore),  V::crashed, S::itself, C::probable},
      {"SIGBUS",                        ran(died(SIGBUS)),                 V::crashed, S::itself, C::probable},
      {"SIGFPE",                        ran(died(SIGFPE)),                 V::crashed, S::itself, C::probable},
      {"SIGILL",                        ran(died(SIGILL)),                 V::crashed, S::itself, C::probable},
      {"SIGTRAP",                       ran(died(SIGTRAP)),                V::crashed, S::itself, C::probable},
      {"SIGSYS",                        ran(died(SIGSYS)),                 V::crashed, S::itself, C::probable},
      {"SIGPIPE",                       ran(died(SIGPIPE)),                V::crashed, S::itself, C::probable},
      {"SIGALRM",                       ran(died(SIGALRM)),                V::crashed, S::itself, C::probable},
      {"SIGXCPU of its own rlimit",     ran(died(SIGXCPU)),                V::crashed, S::itself, C::probable},
      {"SIGXFSZ",                       ran(died(SIGXFSZ)),                V::crashed, S::itself, C::probable},
      // clang-format on
  };
}

std::vector<Case> memory() {
  return {
      // clang-format off
      {"v2, main killed",               oom_killed(died(SIGKILL)),                       V::out_of_memory,      S::kernel, C::certain},
      {"v2, child killed, main exits",  oom_killed(exited(1)),                           V::out_of_memory,      S::kernel, C::certain},
      {"v2, child killed, exit(137)",   oom_killed(exited(137)),                         V::out_of_memory,      S::kernel, C::certain},
      {"v2, child killed, main aborts", oom_killed(died(SIGABRT)),                       V::out_of_memory,      S::kernel, C::certain},
      {"v2, init killed",               lost_init(oom_killed({})),                       V::out_of_memory,      S::kernel, C::certain},
      {"v2, child killed, main passes", oom_killed(exited(0)),                           V::passed,             S::none,   C::certain},
      {"v2, local oom 0",               outer_killed(died(SIGKILL)),                     V::outer_memory_limit, S::kernel, C::certain},
      {"v2, local oom 0, peak at cap",  with(outer_killed(died(SIGKILL)), [](Facts& f) { f.counters.memory_peak = kCap; }),
                                                                                         V::outer_memory_limit, S::kernel, C::certain},
      {"v2, local oom 0, main exits",   outer_killed(exited(1)),                         V::outer_memory_limit, S::kernel, C::certain},
      {"v2, oom count unknown",         with(oom_killed(died(SIGKILL)), [](Facts& f) { f.counters.oom_events.reset(); }),
                                                                                         V::out_of_memory,      S::kernel, C::certain},
      {"v2, no cap of ours",            without_cap(outer_killed(died(SIGKILL))),        V::outer_memory_limit, S::kernel, C::certain},
      {"v1, peak at the cap",           oom_killed(died(SIGKILL), v1),                   V::out_of_memory,      S::kernel, C::certain},
      {"v1, peak a little below",       with(oom_killed(died(SIGKILL), v1), [](Facts& f) { f.counters.memory_peak = kCap - 8 * 4096; }),
                                                                                         V::out_of_memory,      S::kernel, C::certain},
      {"v1, peak above the cap",        with(oom_killed(died(SIGKILL), v1), [](Facts& f) { f.counters.memory_peak = kCap + 1; }),
                                                                                         V::out_of_memory,      S::kernel, C::certain},
      {"v1, child killed, main exits",  oom_killed(exited(1), v1),                       V::out_of_memory,      S::kernel, C::certain},
      {"v1, both limits met",           under_outer_group(oom_killed(died(SIGKILL), v1)),
                                                                                         V::out_of_memory,      S::kernel, C::probable},
      {"v1, peak unknown",              with(oom_killed(died(SIGKILL), v1), [](Facts& f) { f.counters.memory_peak.reset(); }),
                                                                                         V::out_of_memory,      S::kernel, C::probable},
      {"v1, peak below the cap",        outer_killed(died(SIGKILL), v1),                 V::outer_memory_limit, S::kernel, C::probable},
      {"v1, and the outer limit met",   under_outer_group(outer_killed(died(SIGKILL), v1)),
                                                                                         V::outer_memory_limit, S::kernel, C::certain},
      {"v1, no cap of ours",            without_cap(outer_killed(died(SIGKILL), v1)),    V::outer_memory_limit, S::kernel, C::certain},
      {"no group, a shared counter",    with(without_group(ran(died(SIGKILL))), [](Facts& f) { f.counters.oom_kills = 1; }),
                                                                                         V::outer_memory_limit, S::kernel, C::probable},
      // clang-format on
  };
}

std::vector<Case> stops_of_ours() {
  return {
      // clang-format off
      {"--timeout, killed",               timed_out(died(SIGKILL)),            V::timed_out,         S::us,     C::certain},
      {"--timeout, died of SIGTERM",      timed_out(died(SIGTERM)),            V::timed_out,         S::us,     C::certain},
      {"--timeout, aborts on SIGTERM",    timed_out(died(SIGABRT)),            V::timed_out,         S::us,     C::certain},
      {"--timeout, exits 0 in the grace", timed_out(exited(0)),                V::timed_out,         S::us,     C::certain},
      {"--timeout, init vanished",        lost_init(timed_out({})),            V::timed_out,         S::us,     C::certain},
      {"--timeout, kills seen inside",    killed_from_inside(timed_out(died(SIGKILL))),
                                                                               V::timed_out,         S::us,     C::certain},
      {"--timeout, without a group",      without_group(timed_out(died(SIGKILL))),
                                                                               V::timed_out,         S::us,     C::certain},
      {"--cpu-time, killed",              out_of_cpu_time(died(SIGKILL)),      V::cpu_time_exceeded, S::us,     C::certain},
      {"--cpu-time, exits 0",             out_of_cpu_time(exited(0)),          V::cpu_time_exceeded, S::us,     C::certain},
      {"interrupt, killed",               interrupted(died(SIGKILL)),          V::interrupted,       S::us,     C::certain},
      {"interrupt, exits 0",              interrupted(exited(0)),              V::interrupted,       S::us,     C::certain},
      {"interrupt, exits 130",            interrupted(exited(130)),            V::interrupted,       S::us,     C::certain},
      {"OOM kill before --timeout",       with(timed_out(died(SIGKILL)), [](Facts& f) { f.counters.oom_kills = f.counters.oom_events = f.oom_kills_before = 1; }),
                                                                               V::out_of_memory,     S::kernel, C::certain},
      {"OOM kill before an interrupt",    with(interrupted(died(SIGKILL)), [](Facts& f) { f.counters.oom_kills = f.counters.oom_events = f.oom_kills_before = 1; }),
                                                                               V::out_of_memory,     S::kernel, C::certain},
      {"OOM kill, --timeout, exits 0",    with(timed_out(exited(0)), [](Facts& f) { f.counters.oom_kills = f.counters.oom_events = f.oom_kills_before = 1; }),
                                                                               V::out_of_memory,     S::kernel, C::certain},
      {"OOM kill at an unknown time",     with(timed_out(died(SIGKILL)), [](Facts& f) { f.counters.oom_kills = f.counters.oom_events = 1; f.oom_kills_before.reset(); }),
                                                                               V::out_of_memory,     S::kernel, C::certain},
      {"OOM kill within the grace",       with(timed_out(died(SIGKILL)), [](Facts& f) { f.counters.oom_kills = f.counters.oom_events = 1; }),
                                                                               V::timed_out,         S::us,     C::certain},
      // clang-format on
  };
}

std::vector<Case> kills() {
  return {
      // clang-format off
      {"SIGKILL, unwatched",             ran(died(SIGKILL)),                                V::killed, S::unknown, C::unknown},
      {"SIGKILL, from inside",           killed_from_inside(ran(died(SIGKILL))),            V::killed, S::inside,  C::certain},
      {"SIGKILL, from inside, no group", killed_from_inside(without_group(ran(died(SIGKILL)))),
                                                                                            V::killed, S::inside,  C::certain},
      {"SIGKILL, watched, unseen",       watched(ran(died(SIGKILL))),                       V::killed, S::outside, C::certain},
      {"SIGKILL, watched, no counter",   watched(without_group(ran(died(SIGKILL)))),        V::killed, S::outside, C::probable},
      {"SIGTERM",                        ran(died(SIGTERM)),                                V::killed, S::unknown, C::unknown},
      {"SIGTERM, while SIGKILL is watched", killed_from_inside(ran(died(SIGTERM))),         V::killed, S::unknown, C::unknown},
      {"SIGHUP",                         ran(died(SIGHUP)),                                 V::killed, S::unknown, C::unknown},
      {"SIGINT",                         ran(died(SIGINT)),                                 V::killed, S::unknown, C::unknown},
      {"SIGQUIT with a core",            ran(died(SIGQUIT) | kDumpedCore),                  V::killed, S::unknown, C::unknown},
      {"SIGUSR1",                        ran(died(SIGUSR1)),                                V::killed, S::unknown, C::unknown},
      {"a real-time signal",             ran(died(40)),                                     V::killed, S::unknown, C::unknown},
      {"init vanished",                  lost_init(ran({})),                                V::killed, S::unknown, C::unknown},
      {"init vanished, from inside",     killed_from_inside(lost_init(ran({}))),            V::killed, S::inside,  C::certain},
      {"init vanished, watched",         watched(lost_init(ran({}))),                       V::killed, S::outside, C::certain},
      {"no end was seen at all",         ran({}),                                           V::killed, S::unknown, C::unknown},
      // clang-format on
  };
}

std::vector<Case> never_began() {
  return {
      // clang-format off
      {"a step failed",                    failed_setup(),            V::setup_failed, S::none,   C::certain},
      {"a step failed, no group",          without_group(failed_setup()), V::setup_failed, S::none, C::certain},
      {"a step failed, then init ended",   lost_init(failed_setup()), V::setup_failed, S::none,   C::certain},
      {"init vanished",                    lost_init(not_started()),  V::setup_failed, S::none,   C::certain},
      {"cap too small",                    with(oom_killed({}), [](Facts& f) { f.exec_reached = false; }),
                                                                      V::setup_failed, S::kernel, C::certain},
      {"cap too small, child's status",    with(oom_killed(died(SIGKILL), v1), [](Facts& f) { f.exec_reached = false; }),
                                                                      V::setup_failed, S::kernel, C::certain},
      {"outer limit too small",            with(outer_killed({}), [](Facts& f) { f.exec_reached = false; }),
                                                                      V::setup_failed, S::kernel, C::certain},
      {"interrupted before",               with(not_started(), [](Facts& f) { f.interrupt_signal = SIGTERM; }),
                                                                      V::interrupted,  S::us,     C::certain},
      {"--timeout before",                 with(not_started(), [](Facts& f) { f.deadline_wall = true; }),
                                                                      V::timed_out,    S::us,     C::certain},
      // clang-format on
  };
}

void expect_verdicts(const std::vector<Case>& cases) {
  for (const Case& row : cases) {
    SCOPED_TRACE(row.what);
    const Outcome outcome = judge(row.facts);
    EXPECT_EQ(verdict_name(outcome.verdict), verdict_name(row.verdict));
    EXPECT_EQ(outcome.evidence.sender, row.sender);
    EXPECT_EQ(outcome.evidence.certainty, row.certainty);
    EXPECT_EQ(outcome.evidence.oom_kills, row.facts.counters.oom_kills);
  }
}

TEST(Judge, TakesTheTestsOwnEndForWhatItIs) {
  expect_verdicts(ends_of_its_own());
}
TEST(Judge, TellsWhoseMemoryLimitItWas) {
  expect_verdicts(memory());
}
TEST(Judge, KnowsItsOwnStopsAndWhatCameFirst) {
  expect_verdicts(stops_of_ours());
}
TEST(Judge, SaysNoMoreOfASenderThanTheKernelDoes) {
  expect_verdicts(kills());
}
TEST(Judge, CallsEverythingBeforeExecASetUpFailure) {
  expect_verdicts(never_began());
}

// --- what goes with the verdict

TEST(Judge, ReportsTheMainProcessesEnd) {
  EXPECT_EQ(judge(ran(exited(3))).exit.code, 3);
  EXPECT_EQ(judge(ran(exited(3))).exit.signal, std::nullopt);
  const Exit crash = judge(ran(died(SIGABRT) | kDumpedCore)).exit;
  EXPECT_EQ(crash.signal, SIGABRT);
  EXPECT_EQ(crash.code, std::nullopt);
  EXPECT_TRUE(crash.core_dumped);
  const Exit unseen = judge(lost_init(ran({}))).exit;
  EXPECT_FALSE(unseen.code || unseen.signal);
}

TEST(Judge, ReportsNoEndOfATestThatNeverBegan) {
  Facts facts = failed_setup();
  facts.wait_status = exited(1);
  const Exit exit = judge(facts).exit;
  EXPECT_FALSE(exit.code || exit.signal);
}

TEST(Judge, TellsAKilledChildFromAKilledMainProcess) {
  EXPECT_FALSE(judge(oom_killed(died(SIGKILL))).evidence.victim_was_child);
  EXPECT_FALSE(judge(lost_init(oom_killed({}))).evidence.victim_was_child);
  EXPECT_TRUE(judge(oom_killed(exited(1))).evidence.victim_was_child);
  EXPECT_TRUE(judge(oom_killed(died(SIGABRT))).evidence.victim_was_child);
  EXPECT_TRUE(judge(outer_killed(exited(1))).evidence.victim_was_child);
}

TEST(Judge, KnowsThatAMainProcessWhichWeKilledWasNotTheVictim) {
  Facts facts = oom_killed(died(SIGKILL));
  facts.deadline_wall = true;
  facts.timeout = 30;
  facts.oom_kills_before = 1;
  const Evidence evidence = judge(facts).evidence;
  EXPECT_TRUE(evidence.victim_was_child);
  EXPECT_EQ(evidence.limit_seconds, 30);
}

TEST(Judge, GivesTheMemoryFiguresOfAKill) {
  Facts facts = oom_killed(died(SIGKILL));
  facts.counters.file = 0;
  facts.counters.shmem = 4 * kMiB;
  facts.counters.kernel = 1 * kMiB;
  facts.counters.anonymous = 0;
  const Evidence evidence = judge(facts).evidence;
  EXPECT_EQ(evidence.memory_cap, kCap);
  EXPECT_EQ(evidence.memory_peak, kCap);
  EXPECT_EQ(evidence.memory_files, 4 * kMiB);
  EXPECT_EQ(evidence.memory_anonymous, 251 * kMiB);
}

TEST(Judge, DoesNotGuessAnonymousMemory) {
  Facts facts = oom_killed(died(SIGKILL));
  EXPECT_EQ(judge(facts).evidence.memory_anonymous, std::nullopt);
  facts.counters.file = facts.counters.shmem = 200 * kMiB;  // more than the peak
  EXPECT_EQ(judge(facts).evidence.memory_anonymous, 0U);
  facts.counters.anonymous = 7 * kMiB;
  EXPECT_EQ(judge(facts).evidence.memory_anonymous, 7 * kMiB);
}

TEST(Judge, NamesTheOuterGroupOnlyWhereItsLimitKilled) {
  const Evidence outer = judge(under_outer_group(outer_killed(died(SIGKILL)))).evidence;
  EXPECT_EQ(outer.outer_group, "/runner.service");
  EXPECT_EQ(outer.outer_use, 7 * kMiB);
  EXPECT_EQ(outer.outer_cap, 8 * kMiB);
  EXPECT_EQ(judge(under_outer_group(oom_killed(died(SIGKILL)))).evidence.outer_group, "");
}

TEST(Judge, GivesTheDeadlineAndTheTimeUsed) {
  const Evidence wall = judge(timed_out(died(SIGKILL))).evidence;
  EXPECT_EQ(wall.limit_seconds, 30);
  EXPECT_EQ(wall.cpu_seconds, 0.1);
  const Evidence cpu = judge(out_of_cpu_time(died(SIGKILL))).evidence;
  EXPECT_EQ(cpu.limit_seconds, 10);
  EXPECT_EQ(cpu.cpu_seconds, 10.2);
}

TEST(Judge, NamesTheInterruptingSignal) {
  EXPECT_EQ(judge(interrupted(died(SIGKILL))).evidence.interrupt_signal, SIGINT);
}

TEST(Judge, SaysThatInitVanished) {
  EXPECT_TRUE(judge(lost_init(ran({}))).evidence.init_died);
  EXPECT_TRUE(judge(lost_init(not_started())).evidence.init_died);
  EXPECT_FALSE(judge(ran(died(SIGKILL))).evidence.init_died);
}

TEST(Judge, HandsOnWhatFailedInTheSetUp) {
  const Outcome outcome = judge(failed_setup());
  EXPECT_EQ(outcome.evidence.setup_attempt, "cannot mount tmpfs on /tmp (step 7 of 12)");
  EXPECT_EQ(outcome.evidence.setup_errno, EPERM);
  EXPECT_EQ(outcome.evidence.setup_exit_code, 125);
  EXPECT_TRUE(outcome.evidence.unsupported);
  EXPECT_EQ(outcome.hint, "look");
  EXPECT_EQ(judge(lost_init(failed_setup())).evidence.setup_attempt,
            outcome.evidence.setup_attempt);
}

TEST(Judge, LeavesTheWordsToTheSentenceWhenTheCapIsTooSmall) {
  Facts facts = oom_killed(std::nullopt);
  facts.exec_reached = false;
  EXPECT_EQ(judge(facts).evidence.setup_attempt, "");
  EXPECT_EQ(judge(facts).evidence.memory_cap, kCap);
  facts.counters.oom_events = 0;
  EXPECT_EQ(judge(facts).evidence.setup_attempt,
            "a memory limit above this sandbox was met before the test started");
}

TEST(Judge, NamesAFullPlaceUnlessTheRunPassed) {
  Facts facts = ran(exited(1));
  facts.full_place = "/tmp";
  EXPECT_EQ(judge(facts).evidence.full_place, "/tmp");
  facts.wait_status = exited(0);
  EXPECT_EQ(judge(facts).evidence.full_place, "");
}

TEST(Judge, NamesAMissingLibraryOnlyOfATestThatFailed) {
  Facts facts = ran(exited(127));
  facts.missing_library = "libfmt.so.10";
  facts.hidden_folder = "/home/u/lib";
  EXPECT_EQ(judge(facts).evidence.missing_library, "libfmt.so.10");
  EXPECT_EQ(judge(facts).evidence.hidden_folder, "/home/u/lib");
  facts.wait_status = died(SIGSEGV);
  EXPECT_EQ(judge(facts).evidence.missing_library, "");
}

TEST(Judge, AKillThatMayHaveBeenForAnotherIsOnlyProbable) {
  Facts facts = ran(died(SIGKILL));
  facts.kill_watch_active = facts.kill_from_inside_seen = true;
  EXPECT_EQ(judge(facts).evidence.certainty, Certainty::certain);
  facts.kill_from_inside_named = false;
  EXPECT_EQ(judge(facts).evidence.sender, Sender::inside);
  EXPECT_EQ(judge(facts).evidence.certainty, Certainty::probable);
}

}  // namespace
}  // namespace sandbox
