#include "sandbox/report/samples.h"

#include <csignal>
#include <limits>

#include "report/exit_code.h"
#include "report/sentence.h"

namespace sandbox {
namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;
constexpr auto kHuge = std::numeric_limits<std::uint64_t>::max();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();

void explain_and_end(Report& report) {
  const Sentence sentence = explain(report);
  report.outcome.reason = sentence.line;
  report.outcome.hint = sentence.hint;
  report.exit_status = exit_status(ending_of(report.outcome, report.policy.reporting));
}

Usage full_usage() {
  Usage usage;
  usage.wall_seconds = {1.25, "monotonic clock"};
  usage.cpu_user_seconds = {0.75, "cgroup v2 cpu.stat"};
  usage.cpu_system_seconds = {0.125, "cgroup v2 cpu.stat"};
  usage.cpu_throttled_seconds = {0, "cgroup v2 cpu.stat"};
  usage.memory_peak_bytes = {256 * kMiB, "cgroup v2 memory.peak"};
  usage.memory_at_end_file_bytes = {4096, "cgroup v2 memory.stat"};
  usage.memory_at_end_shmem_bytes = {4 * kMiB, "cgroup v2 memory.stat"};
  usage.memory_at_end_kernel_bytes = {65536, "cgroup v2 memory.stat"};
  usage.memory_anon_peak_estimate_bytes = {251 * kMiB,
                                           "memory_peak - file - shmem at the end (estimated)"};
  usage.max_rss_bytes = {250 * kMiB, "wait4 of PID 1"};
  usage.pids_peak = {3, "cgroup v2 pids.peak"};
  usage.oom_kills = {1, "cgroup v2 memory.events"};
  usage.pids_refused = {0, "cgroup v2 pids.events"};
  return usage;
}

Policy full_policy() {
  Policy policy;
  policy.command = {"./t", "--gtest_filter=Cache.*"};
  policy.mounts = {
      {.kind = MountKind::bind,
       .source = "/p/out",
       .destination = "/tmp/out",
       .words = "--bind out:/tmp/out"},
      {.kind = MountKind::tmpfs, .source = "", .destination = "/scratch", .size = Bytes{kMiB}}};
  policy.limits = {
      .memory = Bytes{256 * kMiB}, .cpus = 1.5, .cpuset = CpuSet{.cpus = {0, 2}}, .pids = 64};
  policy.limits.timeout = std::chrono::milliseconds{30000};
  policy.environment = {
      .keep = {"API_TOKEN"}, .unset = {"LANG"}, .set = {{"PASSWORD", "never-in-a-report"}}};
  policy.uid = 1000;
  policy.keep_fds = {7};
  policy.allow = {"userns"};
  policy.policy_files = {"/p/.sandbox.json"};
  policy.reporting.report = "out.json";
  policy.reporting.events = "fd:7";
  return policy;
}

TestRecord full_test() {
  TestRecord test;
  test.name = "Cache.Evicts";
  test.result = "failed";
  test.file = "cache_test.cpp";
  test.line = 12;
  test.wall_seconds = 0.5;
  test.cpu_user_seconds = 0.25;
  test.cpu_system_seconds = 0.125;
  test.cpu_throttled_seconds = 0;
  test.memory_peak_bytes = 1 << 20;
  test.memory_peak_cumulative = true;
  test.memory_grown_bytes = -4096;
  test.oom_kills = 1;
  test.processes_left = 2;
  test.threads_left = -1;
  test.descriptors_left = 3;
  return test;
}

ThreadState full_thread() {
  return {.pid = 2,
          .tid = 3,
          .name = "worker",
          .command_line = "./t --gtest_filter=Cache.*",
          .state = "S (sleeping)",
          .wait_channel = "futex_wait_queue",
          .system_call = "futex",
          .cpu_seconds = 0.5};
}

Evidence full_evidence() {
  Evidence evidence;
  evidence.sender = Sender::kernel;
  evidence.oom_kills = 1;
  evidence.memory_cap = 256 * kMiB;
  evidence.memory_peak = 256 * kMiB;
  evidence.memory_anonymous = 251 * kMiB;
  evidence.memory_files = 4 * kMiB;
  evidence.outer_group = "/system.slice/runner.service";
  evidence.outer_use = 7 * kMiB;
  evidence.outer_cap = 8 * kMiB;
  evidence.limit_seconds = 30;
  evidence.cpu_seconds = 0.875;
  evidence.full_place = "/tmp";
  evidence.missing_library = "libfmt.so.10";
  evidence.hidden_folder = "/home/u/.conan2/lib";
  return evidence;
}

Report report_of(Verdict verdict) {
  Report report = empty_report();
  report.outcome.verdict = verdict;
  switch (verdict) {
    case Verdict::passed:
      report.outcome.exit.code = 0;
      break;
    case Verdict::failed:
      report.outcome.exit.code = 3;
      break;
    case Verdict::crashed:
      report.outcome.exit = {.signal = SIGSEGV, .core_dumped = true};
      break;
    case Verdict::interrupted:
      report.outcome.evidence.interrupt_signal = SIGINT;
      break;
    case Verdict::setup_failed:
      report.outcome.evidence.setup_attempt = "cannot mount tmpfs on /tmp (step 7 of 12)";
      report.outcome.evidence.setup_errno = EPERM;
      break;
    case Verdict::out_of_memory:
    case Verdict::outer_memory_limit:
    case Verdict::timed_out:
    case Verdict::cpu_time_exceeded:
    case Verdict::output_exceeded:
    case Verdict::killed:
    case Verdict::leaked:
      report.outcome.exit.signal = SIGKILL;
      break;
  }
  explain_and_end(report);
  return report;
}

}  // namespace

Report empty_report() {
  Report report;
  report.run_id = "0f3a";
  report.name = "t";
  report.version = "0.1.0";
  report.command = {"./t"};
  report.cwd = "/p";
  report.started_at = "2026-01-02T03:04:05.678Z";
  return report;
}

Report full_report() {
  Report report = empty_report();
  report.policy = full_policy();
  report.command = report.policy.command;
  report.outcome = {.verdict = Verdict::out_of_memory,
                    .exit = {.signal = SIGKILL},
                    .evidence = full_evidence(),
                    .test = "Cache.Big"};
  report.usage = full_usage();
  report.limits = {{"memory", "256M", "268435456", "cgroup v2 memory.max"},
                   {"cpus", "1.5", "", "no cpu controller here"}};
  report.identity = {1000, 1000, 100000, 100000, "unused id, mounts id-mapped"};
  report.cgroup = "v2";
  report.groups = {"/sys/fs/cgroup/sandbox-exec-0f3a"};
  report.mounts = {{"/", "/", "root", false, true, ""}, {"/tmp", "", "fresh", true, false, ""}};
  report.events = {
      {"started", 0.004, {}},
      {"oom", 1.2, {{"count", std::int64_t{1}}, {"where", std::string{"memory.events"}}}}};
  report.tests = {full_test(), {.name = "S.Died", .result = "unfinished"}};
  report.leaks = {full_thread()};
  report.hang = {full_thread()};
  report.environment = {{"API_KEY"}, {"XDG_RUNTIME_DIR"}, {"TEST_TMPDIR"}};
  report.overhead_seconds = 0.0035;
  report.warnings = {"--pids 4096 is not enforced here"};
  explain_and_end(report);
  return report;
}

Report extreme_report() {
  Report report = full_report();
  report.command = {"./t\xff", "plain", std::string(1 << 17, 'x'), "",
                    "\xed\xa0\x80 \xc0\xaf \xf4\x90\x80\x80"};
  report.cwd = "/p\xfe";
  report.outcome.test = "A.\n\x01\xe2\x82";
  report.usage.wall_seconds.value = kNotANumber;
  report.usage.cpu_user_seconds.value = kInfinity;
  report.usage.cpu_system_seconds.value = -kInfinity;
  report.usage.memory_peak_bytes.value = kHuge;
  report.events[0] = {
      "signal",
      kNotANumber,
      {{"count", std::numeric_limits<std::int64_t>::min()}, {"name", std::string{"\xff"}}}};
  report.leaks[0].command_line = "\x80\x81";
  report.hang[0].cpu_seconds = 1e308;
  report.environment.removed = {"A\xff", "B"};
  report.identity.uid_outside = std::numeric_limits<uid_t>::max();
  report.mounts[0].source = "/\xff";
  report.policy.chdir = "/\xff";
  report.policy.allow = {"\xff"};
  report.policy.mounts[0].source = "/\xff";
  explain_and_end(report);
  return report;
}

std::vector<Sample> sample_reports() {
  std::vector<Sample> samples{
      {"empty", empty_report()}, {"full", full_report()}, {"extreme", extreme_report()}};
  for (int i = 0; i <= static_cast<int>(Verdict::setup_failed); ++i) {
    const auto verdict = static_cast<Verdict>(i);
    samples.push_back({std::string{verdict_name(verdict)}, report_of(verdict)});
  }
  return samples;
}

}  // namespace sandbox
