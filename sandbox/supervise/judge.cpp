#include "supervise/judge.h"

#include <sys/wait.h>

#include <algorithm>
#include <csignal>

namespace sandbox {
namespace {

std::uint64_t oom_kills(const Facts& facts) {
  return facts.counters.oom_kills.value_or(0);
}

bool stopped_by_us(const Facts& facts) {
  return facts.deadline_wall || facts.deadline_cpu || facts.interrupt_signal != 0;
}

bool passed(const Facts& facts) {
  return facts.wait_status && WIFEXITED(*facts.wait_status) &&
         WEXITSTATUS(*facts.wait_status) == 0 && !stopped_by_us(facts);
}

// A kill during the grace that follows our own signal is a consequence, not the cause.
bool oom_came_first(const Facts& facts) {
  if (oom_kills(facts) == 0) return false;
  return !stopped_by_us(facts) || facts.oom_kills_before.value_or(1) > 0;
}

// --- whose memory limit

struct OomJudgement {
  Verdict verdict;
  Certainty certainty;
};

// At a kill, the group is at most one small allocation below its cap: larger ones fail without a
// kill (PAGE_ALLOC_COSTLY_ORDER, 8 pages; of 64 KiB at most).
constexpr std::uint64_t kLargestCharge = 512ULL * 1024;

bool peak_reached_cap(std::uint64_t peak, std::uint64_t cap) {
  return peak >= cap || cap - peak <= kLargestCharge;
}

// cgroup v1 counts only the victims of a group, not whose limit they met: the peak must tell.
OomJudgement judge_by_peak(const Facts& facts) {
  const bool outer_known = !facts.outer.path.empty();
  const auto& peak = facts.counters.memory_peak;
  if (!peak) return {Verdict::out_of_memory, Certainty::probable};
  if (!peak_reached_cap(*peak, *facts.memory_cap)) {
    return {Verdict::outer_memory_limit, outer_known ? Certainty::certain : Certainty::probable};
  }
  return {Verdict::out_of_memory, outer_known ? Certainty::probable : Certainty::certain};
}

OomJudgement judge_oom(const Facts& facts) {
  if (!facts.memory_cap) {
    // Without a group of our own, the counter is that of a group which others share.
    const bool own_group = facts.layout != Layout::none;
    return {Verdict::outer_memory_limit, own_group ? Certainty::certain : Certainty::probable};
  }
  const auto& own_limit_met = facts.counters.oom_events;
  if (facts.layout != Layout::v2 || !own_limit_met) return judge_by_peak(facts);
  return {*own_limit_met > 0 ? Verdict::out_of_memory : Verdict::outer_memory_limit,
          Certainty::certain};
}

// After the last exit nothing anonymous is left, so what is neither file nor kernel counts as such.
std::optional<std::uint64_t> anonymous_at_peak(const GroupCounters& counters) {
  if (counters.anonymous.value_or(0) > 0) return counters.anonymous;
  if (!counters.memory_peak || !counters.file || !counters.shmem) return std::nullopt;
  const std::uint64_t other = *counters.file + *counters.shmem + counters.kernel.value_or(0);
  return *counters.memory_peak - std::min(other, *counters.memory_peak);
}

void add_memory_evidence(const Facts& facts, Evidence& evidence) {
  evidence.sender = Sender::kernel;
  evidence.memory_cap = facts.memory_cap;
  evidence.memory_peak = facts.counters.memory_peak;
  evidence.memory_anonymous = anonymous_at_peak(facts.counters);
  evidence.memory_files = facts.counters.shmem;
}

bool died_of(const Facts& facts, int signal) {
  return facts.wait_status && WIFSIGNALED(*facts.wait_status) &&
         WTERMSIG(*facts.wait_status) == signal;
}

// --- limits of ours

void add_wall_evidence(const Facts& facts, Evidence& evidence) {
  evidence.sender = Sender::us;
  evidence.limit_seconds = facts.timeout;
  evidence.wanted_cpu = facts.wanted_cpu;
  evidence.cpu_seconds = facts.cpu_used;
}

void add_cpu_evidence(const Facts& facts, Evidence& evidence) {
  evidence.sender = Sender::us;
  evidence.limit_seconds = facts.cpu_time_limit;
  evidence.cpu_seconds = facts.cpu_used;
}

Verdict judge_our_stop(const Facts& facts, Evidence& evidence) {
  if (facts.interrupt_signal) {
    evidence.sender = Sender::us;
    evidence.interrupt_signal = facts.interrupt_signal;
    return Verdict::interrupted;
  }
  if (facts.deadline_wall) {
    add_wall_evidence(facts, evidence);
    return Verdict::timed_out;
  }
  add_cpu_evidence(facts, evidence);
  return Verdict::cpu_time_exceeded;
}

Verdict judge_memory(const Facts& facts, Evidence& evidence) {
  if (stopped_by_us(facts)) (void)judge_our_stop(facts, evidence);
  const OomJudgement oom = judge_oom(facts);
  add_memory_evidence(facts, evidence);
  evidence.certainty = oom.certainty;
  evidence.victim_was_child =
      facts.wait_status && (stopped_by_us(facts) || !died_of(facts, SIGKILL));
  if (oom.verdict == Verdict::outer_memory_limit) {
    evidence.outer_group = facts.outer.path;
    evidence.outer_use = facts.outer.use;
    evidence.outer_cap = facts.outer.cap;
  }
  return oom.verdict;
}

// --- signals

// Faults, abort(3), timers and pipes of the process itself. Others can send these too, and the
// kernel does not tell a parent who did.
bool raised_by_itself(int signal) {
  constexpr int kOwn[] = {SIGSEGV, SIGBUS,  SIGFPE,    SIGILL,  SIGTRAP, SIGABRT, SIGSYS,
                          SIGPIPE, SIGALRM, SIGVTALRM, SIGPROF, SIGXCPU, SIGXFSZ};
  for (int own : kOwn) {
    if (own == signal) return true;
  }
  return false;
}

Verdict judge_kill(const Facts& facts, int signal, Evidence& evidence) {
  if (signal != SIGKILL || !facts.kill_watch_active) {
    evidence.sender = Sender::unknown;
    evidence.certainty = Certainty::unknown;
  } else if (facts.kill_from_inside_seen) {
    evidence.sender = Sender::inside;
    if (!facts.kill_from_inside_named) evidence.certainty = Certainty::probable;
  } else {
    evidence.sender = Sender::outside;
    // Without a counter the kernel's OOM killer, which is outside too, cannot be excluded.
    evidence.certainty = facts.counters.oom_kills ? Certainty::certain : Certainty::probable;
  }
  return Verdict::killed;
}

Verdict judge_signal(const Facts& facts, int signal, Evidence& evidence) {
  if (!raised_by_itself(signal)) return judge_kill(facts, signal, evidence);
  evidence.sender = Sender::itself;
  evidence.certainty = Certainty::probable;
  return Verdict::crashed;
}

Verdict judge_lost_init(const Facts& facts, Evidence& evidence) {
  evidence.init_died = true;
  return judge_kill(facts, SIGKILL, evidence);
}

// --- the main process's own end

Verdict judge_exit_code(const Facts& facts, Evidence& evidence) {
  if (WEXITSTATUS(*facts.wait_status) == 0) return Verdict::passed;
  evidence.missing_library = facts.missing_library;
  evidence.hidden_folder = facts.hidden_folder;
  return Verdict::failed;
}

Verdict judge_end(const Facts& facts, Evidence& evidence) {
  if (oom_came_first(facts) && !passed(facts)) return judge_memory(facts, evidence);
  if (stopped_by_us(facts)) return judge_our_stop(facts, evidence);
  if (!facts.wait_status) return judge_lost_init(facts, evidence);
  if (WIFEXITED(*facts.wait_status)) return judge_exit_code(facts, evidence);
  return judge_signal(facts, WTERMSIG(*facts.wait_status), evidence);
}

// --- before execve

Verdict judge_early_oom(const Facts& facts, Evidence& evidence) {
  const Verdict whose = judge_memory(facts, evidence);
  evidence.victim_was_child = false;
  // At its own cap no attempt is named: the sentence speaks of the cap.
  if (whose == Verdict::outer_memory_limit) {
    evidence.setup_attempt = "a memory limit above this sandbox was met before the test started";
  }
  return Verdict::setup_failed;
}

Verdict judge_setup(const Facts& facts, Outcome& outcome) {
  Evidence& evidence = outcome.evidence;
  if (oom_came_first(facts)) return judge_early_oom(facts, evidence);
  if (facts.setup_failure) {
    evidence.setup_attempt = facts.setup_failure->attempt;
    evidence.setup_errno = facts.setup_failure->error;
    evidence.setup_exit_code = facts.setup_failure->exit_code;
    evidence.unsupported = facts.setup_failure->unsupported;
    outcome.hint = facts.setup_failure->hint;
    return Verdict::setup_failed;
  }
  if (stopped_by_us(facts)) return judge_our_stop(facts, evidence);
  evidence.init_died = facts.init_died;
  return Verdict::setup_failed;
}

Exit exit_of(const std::optional<int>& status) {
  if (!status) return {};
  if (WIFSIGNALED(*status)) return {std::nullopt, WTERMSIG(*status), WCOREDUMP(*status) != 0};
  return {WEXITSTATUS(*status), std::nullopt, false};
}

}  // namespace

Outcome judge(const Facts& facts) {
  Outcome outcome;
  outcome.evidence.oom_kills = facts.counters.oom_kills;
  if (!facts.exec_reached) {
    outcome.verdict = judge_setup(facts, outcome);
    return outcome;
  }
  outcome.exit = exit_of(facts.wait_status);
  outcome.verdict = judge_end(facts, outcome.evidence);
  if (outcome.verdict != Verdict::passed) outcome.evidence.full_place = facts.full_place;
  return outcome;
}

}  // namespace sandbox
