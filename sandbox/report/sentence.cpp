#include "report/sentence.h"

#include <array>
#include <csignal>
#include <cstdio>
#include <set>
#include <utility>

#include "policy/units.h"
#include "policy/words.h"
#include "report/text.h"
#include "report/write.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sandbox {
namespace {

std::string program(const Report& report) {
  return shown(report.command.empty() ? "" : report.command.front());
}

std::string in_test(const Report& report) {
  return report.outcome.test.empty() ? "" : " in TEST " + one_line(report.outcome.test);
}

std::string probably(const Evidence& evidence) {
  return evidence.certainty == Certainty::certain ? "" : "probably ";
}

// --- memory

// The bytes of one unit that `figure` ("256 MiB") is written in.
double unit_of(std::string_view figure) {
  constexpr std::array<std::pair<std::string_view, double>, 6> kUnits{{{" KiB", 0x1p10},
                                                                       {" MiB", 0x1p20},
                                                                       {" GiB", 0x1p30},
                                                                       {" TiB", 0x1p40},
                                                                       {" PiB", 0x1p50},
                                                                       {" EiB", 0x1p60}}};
  for (const auto& [suffix, bytes] : kUnits) {
    if (figure.ends_with(suffix)) return bytes;
  }
  return 1;
}

// "4 /tmp" beside a whole of "256 MiB": the same unit, not repeated. Empty where it rounds to
// nothing.
std::string part(const std::optional<std::uint64_t>& bytes, double unit, const char* name) {
  if (!bytes) return "";
  const double count = static_cast<double>(*bytes) / unit;
  char figure[48];
  (void)std::snprintf(figure, sizeof figure, count < 99.95 ? "%.1f" : "%.0f", count);
  std::string text = figure;
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text == "0" ? "" : text + " " + name;
}

// " (peak 256 MiB: 251 anonymous, 4 /tmp)"
std::string peak_of(const Evidence& evidence) {
  if (!evidence.memory_peak) return "";
  const std::string whole = format_bytes(*evidence.memory_peak);
  std::string parts = part(evidence.memory_anonymous, unit_of(whole), "anonymous");
  const std::string files = part(evidence.memory_files, unit_of(whole), "/tmp");
  if (!parts.empty() && !files.empty()) parts += ", ";
  parts += files;
  return " (peak " + whole + (parts.empty() ? "" : ": " + parts) + ")";
}

// " (its use 1.2 GiB of 2 GiB)"
std::string use_of(const Evidence& evidence) {
  if (!evidence.memory_peak) return "";
  std::string text = " (its use " + format_bytes(*evidence.memory_peak);
  if (evidence.memory_cap) text += " of " + format_bytes(*evidence.memory_cap);
  return text + ")";
}

std::string own_end(const Outcome& outcome) {
  const Evidence& evidence = outcome.evidence;
  if (evidence.interrupt_signal) return "was interrupted";
  if (evidence.limit_seconds)
    return "ran into its limit of " + format_seconds(*evidence.limit_seconds);
  if (outcome.exit.code) return "exited with " + std::to_string(*outcome.exit.code);
  if (outcome.exit.signal) return "died of " + signal_name(*outcome.exit.signal);
  return "ended";
}

// "./t was killed", or "./t exited with 1 after one of its processes was killed"
std::string victim(const Report& report) {
  const Evidence& evidence = report.outcome.evidence;
  const std::string was_killed = "was " + probably(evidence) + "killed";
  if (!evidence.victim_was_child) return program(report) + " " + was_killed;
  return program(report) + " " + own_end(report.outcome) + " after one of its processes " +
         was_killed;
}

std::string out_of_memory(const Report& report) {
  const Evidence& evidence = report.outcome.evidence;
  std::string text = victim(report) + " at its memory cap";
  if (evidence.memory_cap) text += " of " + format_bytes(*evidence.memory_cap);
  return text + peak_of(evidence) + in_test(report);
}

std::string outer_memory_limit(const Report& report) {
  const Evidence& evidence = report.outcome.evidence;
  std::string text =
      victim(report) + " by a limit above this sandbox" + use_of(evidence) + in_test(report);
  if (evidence.outer_group.empty()) return text;
  text += ": " + evidence.outer_group;
  if (evidence.outer_cap) text += " (cap " + format_bytes(*evidence.outer_cap) + ")";
  return text;
}

// --- limits of ours

// " (used 0.1 s CPU: it was waiting)"
std::string activity(const Evidence& evidence) {
  if (!evidence.cpu_seconds || !evidence.limit_seconds) return "";
  std::string text = " (used " + format_seconds(*evidence.cpu_seconds) + " CPU";
  const bool little = *evidence.cpu_seconds < 0.1 * *evidence.limit_seconds;
  if (little && !evidence.wanted_cpu) text += ": it was waiting";
  if (*evidence.cpu_seconds > 0.9 * *evidence.limit_seconds) text += ": it was computing";
  return text + ")";
}

std::string limit_of(const Evidence& evidence) {
  return evidence.limit_seconds ? format_seconds(*evidence.limit_seconds) : "its limit";
}

std::string timed_out(const Report& report) {
  const Evidence& evidence = report.outcome.evidence;
  return program(report) + " ran longer than " + limit_of(evidence) + activity(evidence) +
         in_test(report);
}

std::string cpu_time_exceeded(const Report& report) {
  return program(report) + " used more than " + limit_of(report.outcome.evidence) + " of CPU time" +
         in_test(report);
}

std::string output_exceeded(const Report& report) {
  return program(report) + " wrote more than its output limit" + in_test(report);
}

// --- its own end

std::string library_missing(const Report& report) {
  const Evidence& evidence = report.outcome.evidence;
  const std::string where = evidence.hidden_folder.empty() ? "it is nowhere on the library path"
                                                           : "it is in " + evidence.hidden_folder +
                                                                 ", which the sandbox hides";
  return program(report) + " could not load " + evidence.missing_library + ": " + where;
}

std::string failed(const Report& report) {
  if (!report.outcome.evidence.missing_library.empty()) return library_missing(report);
  const int code = report.outcome.exit.code.value_or(1);
  // Shells show 128+n for signal n, so 137 is easily taken for a kill.
  const bool looks_like_signal = code > 128 && code < 128 + SIGRTMIN;
  return program(report) + " exited with " + std::to_string(code) +
         (looks_like_signal ? " (its own exit code, not a signal)" : "") + in_test(report);
}

std::string crashed(const Report& report) {
  const Exit& exit = report.outcome.exit;
  std::string text =
      program(report) + " died of " + signal_name(exit.signal.value_or(SIGABRT)) + in_test(report);
  if (exit.core_dumped) text += " (core dumped)";
  if (exit.signal == SIGPIPE) text += ": who read its output has gone";
  if (exit.signal == SIGSYS) text += ": a system call that is not allowed";
  return text;
}

std::string leaked(const Report& report) {
  std::set<std::pair<pid_t, std::string>> processes;
  for (const ThreadState& thread : report.leaks) {
    if (thread.pid == thread.tid) processes.emplace(thread.pid, thread.name);
  }
  std::string text = program(report) + " left processes running" + in_test(report);
  std::string separator = ": ";
  for (const auto& [pid, name] : processes) {
    text += std::exchange(separator, ", ") + one_line(name) + " (" + std::to_string(pid) + ")";
  }
  return text;
}

// --- ended from elsewhere

std::string origin(const Evidence& evidence) {
  const std::string likely = evidence.certainty == Certainty::certain ? "from " : "probably from ";
  if (evidence.sender == Sender::inside) return likely + "a process inside the sandbox";
  if (evidence.sender == Sender::outside) return likely + "outside the sandbox";
  return "from inside or outside the sandbox (the kernel does not say which)";
}

std::string memory_doubt(const Evidence& evidence) {
  if (!evidence.oom_kills) return "; perhaps memory (nothing here counts OOM kills)";
  return *evidence.oom_kills == 0 ? "; not memory (no OOM kill counted)" : "";
}

std::string killed(const Report& report) {
  const Evidence& evidence = report.outcome.evidence;
  if (evidence.init_died) {
    return "the sandbox's first process was killed " + origin(evidence) + ", and " +
           program(report) + " with it" + in_test(report) + memory_doubt(evidence);
  }
  const int signal = report.outcome.exit.signal.value_or(SIGKILL);
  const std::string text =
      program(report) + " got " + signal_name(signal) + " " + origin(evidence) + in_test(report);
  return signal == SIGKILL ? text + memory_doubt(evidence) + ", not a limit of ours" : text;
}

std::string interrupted(const Report& report) {
  return program(report) + " was stopped because sandbox-exec got " +
         signal_name(report.outcome.evidence.interrupt_signal) + in_test(report);
}

// --- never began

bool cap_was_too_small(const Outcome& outcome) {
  return outcome.verdict == Verdict::setup_failed && outcome.evidence.setup_attempt.empty() &&
         outcome.evidence.oom_kills.value_or(0) > 0;
}

std::string too_small_to_start(const Report& report) {
  const auto& cap = report.outcome.evidence.memory_cap;
  return "the memory cap" + (cap ? " of " + format_bytes(*cap) : "") + " is too small to start " +
         program(report);
}

std::string setup_failed(const Report& report) {
  const Evidence& evidence = report.outcome.evidence;
  if (cap_was_too_small(report.outcome)) return too_small_to_start(report);
  if (evidence.setup_attempt.empty())
    return "the sandbox ended before " + program(report) + " started";
  const std::string reason = evidence.setup_errno ? ": " + errno_name(evidence.setup_errno) : "";
  return evidence.setup_attempt + (evidence.setup_attempt.ends_with(reason) ? "" : reason);
}

// --- the whole

std::string body(const Report& report) {
  // clang-format off
  switch (report.outcome.verdict) {
    case Verdict::passed:             return "";
    case Verdict::failed:             return failed(report);
    case Verdict::crashed:            return crashed(report);
    case Verdict::out_of_memory:      return out_of_memory(report);
    case Verdict::outer_memory_limit: return outer_memory_limit(report);
    case Verdict::timed_out:          return timed_out(report);
    case Verdict::cpu_time_exceeded:  return cpu_time_exceeded(report);
    case Verdict::output_exceeded:    return output_exceeded(report);
    case Verdict::killed:             return killed(report);
    case Verdict::leaked:             return leaked(report);
    case Verdict::interrupted:        return interrupted(report);
    case Verdict::setup_failed:       return setup_failed(report);
  }
  // clang-format on
  return "";
}

std::string label(const Outcome& outcome) {
  if (outcome.verdict == Verdict::setup_failed) {
    if (outcome.evidence.setup_exit_code == 126) return "not executable: ";
    if (outcome.evidence.setup_exit_code == 127) return "not found: ";
  }
  return std::string{verdict_name(outcome.verdict)} + ": ";
}

// Whether a wall that the test ran into may be why it ended so.
bool walls_matter(Verdict verdict) {
  return verdict == Verdict::failed || verdict == Verdict::crashed ||
         verdict == Verdict::out_of_memory || verdict == Verdict::timed_out;
}

bool met_pids_cap(const Report& report) {
  return report.usage.pids_refused.value.value_or(0) > 0;
}

// "; /tmp was full; it met its cap of 4096 processes"
std::string walls_met(const Report& report) {
  if (!walls_matter(report.outcome.verdict)) return "";
  std::string text;
  const std::string& place = report.outcome.evidence.full_place;
  if (place == "/tmp")
    text += "; the fresh places (/tmp, $HOME, /run, /dev/shm: one in size) were full";
  else if (!place.empty())
    text += "; " + place + " was full";
  if (met_pids_cap(report)) {
    text += "; it met its cap of " + std::to_string(report.policy.limits.pids) + " processes";
  }
  return text;
}

std::string way_through_walls(const Report& report) {
  if (!walls_matter(report.outcome.verdict)) return "";
  const std::string& place = report.outcome.evidence.full_place;
  if (place == "/tmp" && report.policy.limits.memory)
    return "half of --memory is theirs: give it a larger one";
  if (!place.empty()) return "--tmpfs " + place + ":SIZE gives it more room";
  return met_pids_cap(report) ? "--pids N raises the cap" : "";
}

std::string hint(const Report& report) {
  const Outcome& outcome = report.outcome;
  const Evidence& evidence = outcome.evidence;
  if (!outcome.hint.empty()) return outcome.hint;
  if (!evidence.hidden_folder.empty()) return "--ro-bind " + evidence.hidden_folder;
  if (cap_was_too_small(outcome)) return "give it a larger --memory";
  if (outcome.exit.signal == SIGSYS && report.policy.seccomp == SeccompMode::standard) {
    return "--seccomp=off shows whether the sandbox's filter refused it";
  }
  return way_through_walls(report);
}

std::string each_line(const std::string& prefix, std::string_view text) {
  std::string lines;
  for (std::string_view line : split(text, '\n')) lines += prefix + std::string{line} + "\n";
  return lines;
}

}  // namespace

Sentence explain(const Report& report) {
  if (report.outcome.verdict == Verdict::passed) return {};
  std::string line = body(report) + walls_met(report);
  const std::string prefix = label(report.outcome);
  if (!line.starts_with(prefix)) line = prefix + line;
  return {without_controls(line), without_controls(hint(report))};
}

void write_sentence(int fd, const Sentence& sentence, const Reporting& reporting) {
  if (sentence.line.empty() || reporting.quiet) return;
  const std::string text =
      each_line("sandbox-exec: ", sentence.line) + each_line("hint: ", sentence.hint);
  (void)write_text(fd, text);
}

}  // namespace sandbox
