// The sentences a person reads, word by word.
#include "report/sentence.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <csignal>

#include "sys/files.h"
#include "sys/unique_fd.h"

namespace sandbox {
namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;
constexpr std::uint64_t kGiB = 1024 * kMiB;

Report report_of(Verdict verdict, std::string program = "./t") {
  Report report;
  report.command = {std::move(program), "--some", "argument"};
  report.outcome.verdict = verdict;
  return report;
}

Report failed_setup(std::string attempt, int error = 0, int exit_code = 125) {
  Report report = report_of(Verdict::setup_failed);
  report.outcome.evidence.setup_attempt = std::move(attempt);
  report.outcome.evidence.setup_errno = error;
  report.outcome.evidence.setup_exit_code = exit_code;
  return report;
}

Report out_of_memory() {
  Report report = report_of(Verdict::out_of_memory);
  report.outcome.exit.signal = SIGKILL;
  Evidence& evidence = report.outcome.evidence;
  evidence.oom_kills = 1;
  evidence.memory_cap = 256 * kMiB;
  evidence.memory_peak = 256 * kMiB;
  evidence.memory_anonymous = 251 * kMiB;
  evidence.memory_files = 4 * kMiB;
  return report;
}

Report outer_limit() {
  Report report = report_of(Verdict::outer_memory_limit);
  report.outcome.exit.signal = SIGKILL;
  report.outcome.evidence.memory_peak = kGiB * 12 / 10;
  report.outcome.evidence.memory_cap = 2 * kGiB;
  report.outcome.evidence.outer_group = "/system.slice/runner.service";
  return report;
}

Report timed_out(double limit, std::optional<double> cpu) {
  Report report = report_of(Verdict::timed_out);
  report.outcome.evidence.limit_seconds = limit;
  report.outcome.evidence.cpu_seconds = cpu;
  return report;
}

Report killed(Sender sender, Certainty certainty, std::optional<std::uint64_t> oom_kills) {
  Report report = report_of(Verdict::killed);
  report.outcome.exit.signal = SIGKILL;
  report.outcome.evidence.sender = sender;
  report.outcome.evidence.certainty = certainty;
  report.outcome.evidence.oom_kills = oom_kills;
  return report;
}

Report exited(int code) {
  Report report = report_of(Verdict::failed);
  report.outcome.exit.code = code;
  return report;
}

Report died(int signal) {
  Report report = report_of(Verdict::crashed);
  report.outcome.exit.signal = signal;
  return report;
}

std::string line(const Report& report) {
  return explain(report).line;
}
std::string hint(const Report& report) {
  return explain(report).hint;
}

// --- the lines of the design

TEST(Sentence, NamesCapPeakAndTestOfAnOomKill) {
  Report report = out_of_memory();
  report.outcome.test = "Cache.Big";
  EXPECT_EQ(line(report),
            "out-of-memory: ./t was killed at its memory cap of 256 MiB (peak 256 MiB: 251 "
            "anonymous, 4 /tmp) in "
            "TEST Cache.Big");
  EXPECT_EQ(hint(report), "");
}

TEST(Sentence, NamesTheGroupOfAnOuterLimit) {
  EXPECT_EQ(line(outer_limit()),
            "outer-memory-limit: ./t was killed by a limit above this sandbox (its use 1.2 GiB of "
            "2 GiB): "
            "/system.slice/runner.service");
}

TEST(Sentence, SaysThatATimedOutTestWasWaiting) {
  Report report = timed_out(30, 0.1);
  report.outcome.test = "Net.Accept";
  EXPECT_EQ(
      line(report),
      "timed-out: ./t ran longer than 30 s (used 0.1 s CPU: it was waiting) in TEST Net.Accept");
}

TEST(Sentence, SaysWhatAKillFromOutsideWasNot) {
  EXPECT_EQ(line(killed(Sender::outside, Certainty::certain, 0)),
            "killed: ./t got SIGKILL from outside the sandbox; not memory (no OOM kill counted), "
            "not a limit of ours");
}

TEST(Sentence, KeepsTheSetUpsOwnWordsAndHint) {
  Report report = failed_setup(
      "cannot enforce --memory 256M: no writable cgroup (/user.slice/…/session-2.scope is root's)");
  report.outcome.hint =
      "systemd-run --user --scope -p Delegate=yes -- sandbox-exec …   (or --best-effort: run "
      "without this cap)";
  EXPECT_EQ(line(report),
            "setup-failed: cannot enforce --memory 256M: no writable cgroup "
            "(/user.slice/…/session-2.scope is root's)");
  EXPECT_EQ(hint(report),
            "systemd-run --user --scope -p Delegate=yes -- sandbox-exec …   (or --best-effort: run "
            "without this cap)");
}

TEST(Sentence, NamesTheRestrictionOnUserNamespaces) {
  EXPECT_EQ(line(failed_setup(
                "cannot create a user namespace: restricted by AppArmor (Ubuntu 23.10 and later)")),
            "setup-failed: cannot create a user namespace: restricted by AppArmor (Ubuntu 23.10 "
            "and later)");
}

TEST(Sentence, NamesAHiddenLibraryAndHowToShowIt) {
  Report report = exited(127);
  report.outcome.evidence.missing_library = "libfmt.so.10";
  report.outcome.evidence.hidden_folder = "/home/u/.conan2/…/lib";
  EXPECT_EQ(line(report),
            "failed: ./t could not load libfmt.so.10: it is in /home/u/.conan2/…/lib, which the "
            "sandbox hides");
  EXPECT_EQ(hint(report), "--ro-bind /home/u/.conan2/…/lib");
  report.outcome.hint = "--ro-bind ~/.conan2";
  EXPECT_EQ(hint(report), "--ro-bind ~/.conan2");
}

TEST(Sentence, OpensWithNotFoundForAMissingProgram) {
  EXPECT_EQ(line(failed_setup("test_bin is not in PATH; ./test_bin exists", 0, 127)),
            "not found: test_bin is not in PATH; ./test_bin exists");
}

// --- set-up

TEST(Sentence, OpensWithNotExecutable) {
  EXPECT_EQ(line(failed_setup("./t is a directory", EACCES, 126)),
            "not executable: ./t is a directory: EACCES");
}

TEST(Sentence, NamesTheErrorOfAFailedStepOnce) {
  const std::string expected = "setup-failed: cannot mount tmpfs on /tmp (step 7 of 12): EPERM";
  EXPECT_EQ(line(failed_setup("cannot mount tmpfs on /tmp (step 7 of 12)", EPERM)), expected);
  EXPECT_EQ(line(failed_setup("cannot mount tmpfs on /tmp (step 7 of 12): EPERM", EPERM)),
            expected);
}

TEST(Sentence, DoesNotRepeatItsOpening) {
  EXPECT_EQ(line(failed_setup("not found: nothing", 0, 127)), "not found: nothing");
}

TEST(Sentence, SaysThatACapIsTooSmallToStart) {
  Report report = failed_setup("");
  report.outcome.evidence.oom_kills = 1;
  report.outcome.evidence.memory_cap = kMiB;
  EXPECT_EQ(line(report), "setup-failed: the memory cap of 1 MiB is too small to start ./t");
  EXPECT_EQ(hint(report), "give it a larger --memory");
}

TEST(Sentence, SaysThatTheSandboxEndedEarly) {
  EXPECT_EQ(line(failed_setup("")), "setup-failed: the sandbox ended before ./t started");
}

// --- memory

TEST(Sentence, TellsAChildsOomKillFromTheTestsOwnExit) {
  Report report = out_of_memory();
  report.outcome.evidence.victim_was_child = true;
  report.outcome.exit = {.code = 1};
  EXPECT_EQ(line(report),
            "out-of-memory: ./t exited with 1 after one of its processes was killed at its memory "
            "cap of 256 MiB "
            "(peak 256 MiB: 251 anonymous, 4 /tmp)");
  report.outcome.exit = {.signal = SIGABRT};
  EXPECT_TRUE(line(report).starts_with(
      "out-of-memory: ./t died of SIGABRT after one of its processes was killed"));
  report.outcome.evidence.limit_seconds = 30;
  EXPECT_TRUE(line(report).starts_with(
      "out-of-memory: ./t ran into its limit of 30 s after one of its processes"));
}

TEST(Sentence, LeavesOutMemoryFiguresThatAreUnknownOrNothing) {
  Report report = out_of_memory();
  report.outcome.evidence.memory_files = 1024;
  EXPECT_EQ(
      line(report),
      "out-of-memory: ./t was killed at its memory cap of 256 MiB (peak 256 MiB: 251 anonymous)");
  report.outcome.evidence.memory_anonymous.reset();
  EXPECT_EQ(line(report),
            "out-of-memory: ./t was killed at its memory cap of 256 MiB (peak 256 MiB)");
  report.outcome.evidence.memory_peak.reset();
  report.outcome.evidence.memory_cap.reset();
  EXPECT_EQ(line(report), "out-of-memory: ./t was killed at its memory cap");
}

TEST(Sentence, WritesThePartsInTheUnitOfTheWhole) {
  Report report = out_of_memory();
  report.outcome.evidence.memory_cap = report.outcome.evidence.memory_peak = 2 * kGiB;
  report.outcome.evidence.memory_anonymous = 3 * kGiB / 2;
  report.outcome.evidence.memory_files = kGiB / 2;
  EXPECT_EQ(line(report),
            "out-of-memory: ./t was killed at its memory cap of 2 GiB (peak 2 GiB: 1.5 anonymous, "
            "0.5 /tmp)");
}

TEST(Sentence, SaysProbablyWhereTheKernelDoesNotTellWhoseLimitItWas) {
  Report report = out_of_memory();
  report.outcome.evidence.certainty = Certainty::probable;
  EXPECT_TRUE(line(report).starts_with(
      "out-of-memory: ./t was probably killed at its memory cap of 256 MiB"));
  report = outer_limit();
  report.outcome.evidence.certainty = Certainty::probable;
  report.outcome.evidence.outer_group.clear();
  EXPECT_EQ(line(report),
            "outer-memory-limit: ./t was probably killed by a limit above this sandbox (its use "
            "1.2 GiB of 2 GiB)");
}

TEST(Sentence, NamesWhatIsKnownOfAnOuterLimit) {
  Report report = outer_limit();
  report.outcome.test = "Cache.Big";
  report.outcome.evidence.memory_cap.reset();
  report.outcome.evidence.outer_cap = 7 * kGiB;
  EXPECT_EQ(line(report),
            "outer-memory-limit: ./t was killed by a limit above this sandbox (its use 1.2 GiB) in "
            "TEST Cache.Big: "
            "/system.slice/runner.service (cap 7 GiB)");
}

// --- limits of ours

TEST(Sentence, SaysWhetherATimedOutTestWasComputing) {
  EXPECT_EQ(line(timed_out(10, 9.5)),
            "timed-out: ./t ran longer than 10 s (used 9.5 s CPU: it was computing)");
  EXPECT_EQ(line(timed_out(10, 5)), "timed-out: ./t ran longer than 10 s (used 5 s CPU)");
  EXPECT_EQ(line(timed_out(10, std::nullopt)), "timed-out: ./t ran longer than 10 s");
}

TEST(Sentence, TakesATenthOfTheTimeForWaiting) {
  EXPECT_EQ(line(timed_out(30, 2.9)),
            "timed-out: ./t ran longer than 30 s (used 2.9 s CPU: it was waiting)");
  EXPECT_EQ(line(timed_out(30, 3.1)), "timed-out: ./t ran longer than 30 s (used 3.1 s CPU)");
}

TEST(Sentence, NeverCallsAStarvedTestAWaitingOne) {
  Report report = timed_out(30, 0.1);
  report.outcome.evidence.wanted_cpu = true;
  EXPECT_EQ(line(report), "timed-out: ./t ran longer than 30 s (used 0.1 s CPU)");
}

TEST(Sentence, NamesTheCpuTimeLimit) {
  Report report = report_of(Verdict::cpu_time_exceeded);
  report.outcome.evidence.limit_seconds = 2.5;
  EXPECT_EQ(line(report), "cpu-time-exceeded: ./t used more than 2.5 s of CPU time");
}

TEST(Sentence, NamesTheOutputLimit) {
  EXPECT_EQ(line(report_of(Verdict::output_exceeded)),
            "output-exceeded: ./t wrote more than its output limit");
}

TEST(Sentence, NamesTheInterruptingSignal) {
  Report report = report_of(Verdict::interrupted);
  report.outcome.evidence.interrupt_signal = SIGINT;
  report.outcome.test = "Net.Accept";
  EXPECT_EQ(line(report),
            "interrupted: ./t was stopped because sandbox-exec got SIGINT in TEST Net.Accept");
}

TEST(Sentence, ListsLeakedProcessesOnce) {
  Report report = report_of(Verdict::leaked);
  report.leaks = {{.pid = 7, .tid = 7, .name = "sleep"},
                  {.pid = 9, .tid = 9, .name = "server"},
                  {.pid = 9, .tid = 10, .name = "worker"}};
  EXPECT_EQ(line(report), "leaked: ./t left processes running: sleep (7), server (9)");
}

// --- kills

TEST(Sentence, NamesASenderInside) {
  Report report = killed(Sender::inside, Certainty::certain, 0);
  report.outcome.test = "Kill.Sibling";
  EXPECT_EQ(line(report),
            "killed: ./t got SIGKILL from a process inside the sandbox in TEST Kill.Sibling; not "
            "memory (no OOM kill "
            "counted), not a limit of ours");
}

TEST(Sentence, AdmitsThatTheSenderIsUnknown) {
  EXPECT_EQ(line(killed(Sender::unknown, Certainty::unknown, 0)),
            "killed: ./t got SIGKILL from inside or outside the sandbox (the kernel does not say "
            "which); not memory "
            "(no OOM kill counted), not a limit of ours");
}

TEST(Sentence, AdmitsThatNothingCountedOomKills) {
  EXPECT_EQ(line(killed(Sender::outside, Certainty::probable, std::nullopt)),
            "killed: ./t got SIGKILL probably from outside the sandbox; perhaps memory (nothing "
            "here counts OOM "
            "kills), not a limit of ours");
}

TEST(Sentence, DoesNotDenyMemoryWhereKillsWereCounted) {
  EXPECT_EQ(line(killed(Sender::outside, Certainty::certain, 1)),
            "killed: ./t got SIGKILL from outside the sandbox, not a limit of ours");
}

TEST(Sentence, DoesNotSpeakOfMemoryForOtherSignals) {
  Report report = killed(Sender::unknown, Certainty::unknown, 0);
  report.outcome.exit.signal = SIGTERM;
  EXPECT_EQ(
      line(report),
      "killed: ./t got SIGTERM from inside or outside the sandbox (the kernel does not say which)");
}

TEST(Sentence, SaysThatTheFirstProcessDied) {
  Report report = killed(Sender::outside, Certainty::certain, 0);
  report.outcome.evidence.init_died = true;
  report.outcome.exit = {};
  EXPECT_EQ(line(report),
            "killed: the sandbox's first process was killed from outside the sandbox, and ./t with "
            "it; not memory "
            "(no OOM kill counted)");
}

// --- the test's own end

TEST(Sentence, SaysNothingOnPassed) {
  Report report = report_of(Verdict::passed);
  report.outcome.evidence.full_place = "/tmp";
  report.outcome.hint = "never shown";
  EXPECT_EQ(line(report), "");
  EXPECT_EQ(hint(report), "");
}

TEST(Sentence, NamesTheExitCode) {
  Report report = exited(3);
  report.outcome.test = "Net.Accept";
  EXPECT_EQ(line(report), "failed: ./t exited with 3 in TEST Net.Accept");
}

TEST(Sentence, TellsAnExitCodeFromTheSignalItLooksLike) {
  EXPECT_EQ(line(exited(137)), "failed: ./t exited with 137 (its own exit code, not a signal)");
  EXPECT_EQ(line(exited(128)), "failed: ./t exited with 128");
  EXPECT_EQ(line(exited(255)), "failed: ./t exited with 255");
}

TEST(Sentence, NamesTheCrashSignalAndTheCore) {
  Report report = died(SIGSEGV);
  report.outcome.test = "Net.Accept";
  report.outcome.exit.core_dumped = true;
  EXPECT_EQ(line(report), "crashed: ./t died of SIGSEGV in TEST Net.Accept (core dumped)");
}

TEST(Sentence, ExplainsARefusedSystemCallAndABrokenPipe) {
  EXPECT_EQ(line(died(SIGSYS)), "crashed: ./t died of SIGSYS: a system call that is not allowed");
  EXPECT_EQ(hint(died(SIGSYS)), "--seccomp=off shows whether the sandbox's filter refused it");
  EXPECT_EQ(line(died(SIGPIPE)), "crashed: ./t died of SIGPIPE: who read its output has gone");
  Report unfiltered = died(SIGSYS);
  unfiltered.policy.seccomp = SeccompMode::off;
  EXPECT_EQ(hint(unfiltered), "");
}

TEST(Sentence, NamesAFullPlace) {
  Report report = exited(1);
  report.outcome.evidence.full_place = "/tmp";
  EXPECT_EQ(line(report),
            "failed: ./t exited with 1; the fresh places (/tmp, $HOME, /run, /dev/shm: "
            "one in size) were full");
  EXPECT_EQ(hint(report), "--tmpfs /tmp:SIZE gives it more room");
  report.policy.limits.memory = Bytes{1 << 20};
  EXPECT_EQ(hint(report), "half of --memory is theirs: give it a larger one");
  report = out_of_memory();
  report.outcome.evidence.full_place = "/dev/shm";
  EXPECT_TRUE(line(report).ends_with("4 /tmp); /dev/shm was full"));
}

TEST(Sentence, NamesTheCapOnProcesses) {
  Report report = died(SIGABRT);
  report.usage.pids_refused.value = 2;
  report.policy.limits.pids = 64;
  EXPECT_EQ(line(report), "crashed: ./t died of SIGABRT; it met its cap of 64 processes");
  EXPECT_EQ(hint(report), "--pids N raises the cap");
}

// --- words

TEST(Sentence, KeepsToOneLineWhateverTheProgramAndTheTestAreCalled) {
  Report report = exited(1);
  report.command = {"./t\n::error::forged\x1b[31m"};
  report.outcome.test = "A.B\n::error::forged";
  EXPECT_EQ(
      line(report),
      R"(failed: "./t\x0a::error::forged\x1b[31m" exited with 1 in TEST A.B?::error::forged)");
}

TEST(Sentence, KeepsTheLinesOfASetUpThatFailedForSeveralReasons) {
  Report report = failed_setup("--memroy: unknown option\n--pids x: not a number\x1b");
  EXPECT_EQ(line(report), "setup-failed: --memroy: unknown option\n--pids x: not a number?");
}

TEST(Sentence, ShowsAnEmptyNameAsSuch) {
  Report report = exited(1);
  report.command = {""};
  EXPECT_EQ(line(report), "failed: \"\" exited with 1");
  report.command.clear();
  EXPECT_EQ(line(report), "failed: \"\" exited with 1");
}

std::string written(const Sentence& sentence, const Reporting& reporting) {
  const UniqueFd fd{::memfd_create("stderr", MFD_CLOEXEC)};
  write_sentence(fd.get(), sentence, reporting);
  return read_file("/proc/self/fd/" + std::to_string(fd.get())).value_or("unreadable");
}

TEST(Sentence, IsWrittenWithItsHintBelow) {
  EXPECT_EQ(written({"failed: ./t exited with 1", "look"}, {}),
            "sandbox-exec: failed: ./t exited with 1\nhint: look\n");
  EXPECT_EQ(written({"failed: ./t exited with 1", ""}, {}),
            "sandbox-exec: failed: ./t exited with 1\n");
}

TEST(Sentence, IsNamedOnEachOfItsLines) {
  EXPECT_EQ(written({"setup-failed: a\nb", "c\nd"}, {}),
            "sandbox-exec: setup-failed: a\nsandbox-exec: b\nhint: c\nhint: d\n");
}

TEST(Sentence, IsNotWrittenOnPassedOrWhenQuiet) {
  EXPECT_EQ(written({}, {}), "");
  EXPECT_EQ(written({"failed: ./t exited with 1", "look"}, {.quiet = true}), "");
}

}  // namespace
}  // namespace sandbox
