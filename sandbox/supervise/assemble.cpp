#include "supervise/assemble.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace sandbox {
namespace {

using child::Phase;

template <typename To, typename From>
std::optional<To> scaled(std::optional<From> value, double factor) {
  if (!value) return std::nullopt;
  return static_cast<To>(static_cast<double>(*value) * factor);
}

double seconds_of(std::chrono::milliseconds time) {
  return static_cast<double>(time.count()) / 1e3;
}

bool lacks_permission(int error) {
  return error == EPERM || error == EACCES || error == ENOSYS;
}

bool is_enforced(const Group& group, std::string_view limit) {
  return std::ranges::any_of(group.limits(), [&](const LimitRecord& record) {
    return record.name == limit && !record.enforced.empty();
  });
}

// 126: found but cannot be executed; 127: gone since it was found (execve(2)).
SetupFailure describe_exec_failure(int error, const Plan& plan) {
  SetupFailure failure;
  failure.attempt = "cannot execute " + plan.argv.at(0);
  failure.error = error;
  failure.exit_code = error == ENOENT ? 127 : 126;
  switch (error) {
    case ENOEXEC:
      failure.hint = "not a program this machine runs; a script needs a first line #!/bin/sh";
      break;
    case EACCES:
      failure.hint = "the test's own id may not execute it: check its mode and its folders'";
      break;
    case E2BIG:
      failure.hint = "arguments and environment together are too long (execve(2))";
      break;
    case ENOENT:
      failure.hint = "it, or its interpreter, is not shown inside: --ro-bind FOLDER";
      break;
    default:
      break;
  }
  return failure;
}

SetupFailure describe_clone_failure(int error) {
  SetupFailure failure;
  failure.attempt = "cannot create the process of the test";
  failure.error = error;
  if (error == EAGAIN) failure.hint = "the cap of processes is too small: --pids N, or ulimit -u";
  return failure;
}

std::uint64_t own_peak_rss() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

void measure_memory(Usage& usage, const GroupCounters& counters, const Group& group) {
  const std::string stat = group.source("stat");
  usage.memory_peak_bytes = {counters.memory_peak, group.source("memory_peak")};
  usage.memory_at_end_file_bytes = {counters.file, stat};
  usage.memory_at_end_shmem_bytes = {counters.shmem, stat};
  usage.memory_at_end_kernel_bytes = {counters.kernel, group.source("kernel")};
  if (!counters.memory_peak) return;
  const std::uint64_t other = counters.file.value_or(0) + counters.shmem.value_or(0);
  usage.memory_anon_peak_estimate_bytes = {
      *counters.memory_peak > other ? *counters.memory_peak - other : 0,
      "estimated: peak - file - shmem at the end"};
}

void measure_cpu(Usage& usage, const Observation& seen, const GroupCounters& counters,
                 const Group& group) {
  if (counters.cpu_user_ns && counters.cpu_system_ns) {
    const std::string source = group.source("cpu");
    usage.cpu_user_seconds = {scaled<double>(counters.cpu_user_ns, 1e-9), source};
    usage.cpu_system_seconds = {scaled<double>(counters.cpu_system_ns, 1e-9), source};
  } else {
    const bool killed = seen.cpu_user_before_kill.has_value();
    const char* source = killed ? "/proc/PID/stat before the kill" : kCpuOfWaiting;
    usage.cpu_user_seconds = {std::max(seen.init_cpu_user, seen.cpu_user_before_kill), source};
    usage.cpu_system_seconds = {std::max(seen.init_cpu_system, seen.cpu_system_before_kill),
                                source};
  }
  usage.cpu_throttled_seconds = {scaled<double>(counters.cpu_throttled_ns, 1e-9),
                                 group.source("throttled")};
}

}  // namespace

SetupFailure describe_failure(const child::Message& message, const Plan& plan) {
  if (message.phase == Phase::exec) return describe_exec_failure(message.error, plan);
  if (message.phase == Phase::clone) return describe_clone_failure(message.error);
  const bool in_init = message.phase == Phase::init;
  const std::vector<Step>& steps = in_init ? plan.init : plan.test;
  const Step& step = steps.at(message.index);
  const std::size_t number = message.index + 1 + (in_init ? 0 : plan.init.size());
  SetupFailure failure;
  failure.attempt = "cannot " + step_title(step) + " (step " + std::to_string(number) + " of " +
                    std::to_string(plan.init.size() + plan.test.size()) + ")";
  failure.error = message.error;
  failure.hint = step_hint(step, message.error);
  failure.unsupported = in_init && step.words.empty() && lacks_permission(message.error);
  return failure;
}

Facts gather_facts(const Observation& seen, const GroupCounters& counters, const Plan& plan,
                   const Policy& policy, const Group& group) {
  Facts facts;
  if (seen.setup_failure) facts.setup_failure = describe_failure(*seen.setup_failure, plan);
  if (seen.end) {
    facts.wait_status = seen.end->status;
    facts.exec_reached = seen.end->exec_reached;
  }
  // The filter, which made the watch, is the last step before execve: where PID 1 was killed before
  // its word that the test runs, that test was at it or beyond.
  if (!seen.end && !seen.setup_failure) {
    facts.exec_reached = seen.started || seen.kill_watch_active;
  }
  if (seen.killed_by_us && seen.started && !seen.end) facts.wait_status = SIGKILL;
  if (seen.end && seen.end->full_place > 0) {
    facts.full_place = plan.fresh_places.at(seen.end->full_place - 1U);
  }
  facts.counters = counters;
  facts.layout = group.layout();
  if (is_enforced(group, "memory")) facts.memory_cap = policy.limits.memory->count;
  facts.deadline_wall = seen.cause == Cause::wall_deadline;
  facts.deadline_cpu = seen.cause == Cause::cpu_deadline;
  if (seen.cause == Cause::interrupt) facts.interrupt_signal = seen.interrupt_signal;
  if (seen.end && WIFSIGNALED(seen.end->status) &&
      WTERMSIG(seen.end->status) == seen.typed_signal) {
    facts.interrupt_signal = seen.typed_signal;
  }
  facts.oom_kills_before = seen.oom_kills_before;
  facts.init_died = !seen.end && !seen.setup_failure;
  facts.wanted_cpu = std::ranges::any_of(
      seen.hang, [](const ThreadState& thread) { return thread.state.starts_with('R'); });
  facts.kill_watch_active = seen.kill_watch_active;
  facts.kill_from_inside_seen = seen.kill_from_inside_seen;
  facts.kill_from_inside_named = seen.kill_from_inside_named;
  facts.timeout = seen.timeout;
  if (!seen.timeout && policy.limits.timeout) facts.timeout = seconds_of(*policy.limits.timeout);
  if (policy.limits.cpu_time) facts.cpu_time_limit = seconds_of(*policy.limits.cpu_time);
  const Usage usage = gather_usage(seen, counters, group);
  facts.cpu_used = seen.cpu_at_deadline ? *seen.cpu_at_deadline
                                        : usage.cpu_user_seconds.value.value_or(0) +
                                              usage.cpu_system_seconds.value.value_or(0);
  return facts;
}

Usage gather_usage(const Observation& seen, const GroupCounters& counters, const Group& group) {
  Usage usage;
  if (seen.started) {
    const std::chrono::duration<double> wall = seen.ended - *seen.started;
    usage.wall_seconds = {std::max(wall.count(), 0.0),
                          "CLOCK_MONOTONIC from the clone of the test to its end"};
  }
  measure_cpu(usage, seen, counters, group);
  measure_memory(usage, counters, group);
  // ru_maxrss carries the launcher's own peak across execve.
  if (seen.max_rss_bytes > own_peak_rss()) {
    usage.max_rss_bytes = {seen.max_rss_bytes, "wait4 of the main process"};
  }
  usage.pids_peak = {counters.pids_peak, group.source("pids_peak")};
  usage.pids_refused = {counters.pids_refused, group.source("pids_refused")};
  usage.oom_kills = {counters.oom_kills, group.source("oom")};
  return usage;
}

void describe_plan(Report& report, const Plan& plan) {
  const Identity& id = plan.identity;
  report.identity = {id.uid_inside, id.gid_inside, id.uid_outside, id.gid_outside, id.how};
  report.mounts = plan.mounts;
  report.environment = plan.environment_record;
  report.warnings.insert(report.warnings.end(), plan.warnings.begin(), plan.warnings.end());
  report.limits.insert(report.limits.end(), plan.limits.begin(), plan.limits.end());
}

}  // namespace sandbox
