#include "supervise/run.h"

#include <fcntl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "cgroup/group.h"
#include "launch/clone.h"
#include "launch/cpu_lease.h"
#include "plan/plan.h"
#include "report/exit_code.h"
#include "report/sentence.h"
#include "report/text.h"
#include "supervise/assemble.h"
#include "supervise/judge.h"
#include "supervise/supervisor.h"
#include "sys/error.h"

namespace sandbox {
namespace {

std::string make_run_id() {
  std::uint64_t random = 0;
  if (::getrandom(&random, sizeof random, 0) != sizeof random)
    random = static_cast<std::uint64_t>(::time(nullptr));
  char text[40];
  std::snprintf(text, sizeof text, "%d-%08llx", ::getpid(),
                static_cast<unsigned long long>(random & 0xffffffff));
  return text;
}

std::string timestamp() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  tm utc{};
  ::gmtime_r(&now.tv_sec, &utc);
  char text[64];
  const std::size_t n = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text + n, sizeof text - n, ".%03ldZ", now.tv_nsec / 1'000'000);
  return text;
}

std::string base_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

std::string default_name(const Policy& policy) {
  return policy.command.empty() ? "sandbox-exec" : base_name(policy.command[0]);
}

Report begin_report(const Policy& policy) {
  Report report;
  report.run_id = make_run_id();
  report.version = SANDBOX_VERSION;
  report.command = policy.command;
  report.name = policy.reporting.name.empty() ? default_name(policy) : policy.reporting.name;
  report.policy = policy;
  report.started_at = timestamp();
  char cwd[4096];
  if (::getcwd(cwd, sizeof cwd)) report.cwd = cwd;
  return report;
}

const char* layout_name(Layout layout) {
  switch (layout) {
    case Layout::none:
      return "none";
    case Layout::v1:
      return "v1";
    case Layout::v2:
      return "v2";
  }
  return "none";
}

// A cap that this host cannot give; what it says is in the Error already.
struct Unsupported : Error {
  explicit Unsupported(const Error& error) : Error(error) {}
};

Group make_group(Host& host, const Policy& policy, const std::string& run_id) {
  try {
    if (host.site.move_to_leaf) host.site = prepare_site(std::move(host.site));
    remove_stale_groups(host.site);
    Limits limits = policy.limits;
    // RLIMIT_NPROC counts per user namespace: it holds the cap without a group.
    if (policy.isolation == Isolation::full && !host.site.has("pids")) limits.pids_asked = false;
    return Group::create(host.site, limits, run_id, policy.best_effort);
  } catch (const Error& error) {
    throw Unsupported{error};
  }
}

SetupFailure failure_of(const Error& error, bool unsupported) {
  SetupFailure failure;
  failure.attempt = one_line(error.what());
  if (error.error()) {  // what() ends with it; the sentence adds it again
    failure.attempt.resize(failure.attempt.size() - errno_name(error.error()).size() - 2);
  }
  failure.error = error.error();
  failure.exit_code = error.exit_code();
  failure.hint = error.hint();
  failure.unsupported = unsupported;
  return failure;
}

class Run {
 public:
  Run(const Policy& policy, const RunOptions& options, Clock::time_point began, Report& report)
      : policy_(policy), options_(options), began_(began), report_(report) {}

  void go() {
    Host host = probe_host(policy_);
    const CpuLease lease = lease_cpus(host.allowed_cpus);
    host.leased_cpus = lease.cpus();
    Group group = make_group(host, policy_, report_.run_id);
    const Plan plan = make_plan(policy_, host);
    describe(plan, group);
    warm_page_cache(host.program);
    const Observation seen = supervise({plan, policy_, group, options_.command_line,
                                        options_.held.before(), host.terminal, began_});
    conclude(seen, plan, host, group);
  }

 private:
  CpuLease lease_cpus(const std::vector<int>& allowed) const {
    const auto& cpuset = policy_.limits.cpuset;
    return cpuset && cpuset->automatic ? CpuLease{policy_.limits, allowed} : CpuLease{};
  }

  // What the fresh places held has gone with them.
  static GroupCounters final_counters(const Observation& seen, const Group& group) {
    GroupCounters counters = group.read();
    if (!seen.at_end) return counters;
    counters.file = seen.at_end->file;
    counters.shmem = seen.at_end->shmem;
    counters.kernel = seen.at_end->kernel;
    return counters;
  }

  // The end can be seen before the OOM notification.
  void complete_events(const GroupCounters& counters) {
    const auto kills = static_cast<std::int64_t>(counters.oom_kills.value_or(0));
    const bool noted =
        std::ranges::any_of(report_.events, [](const Event& e) { return e.kind == "oom"; });
    if (kills == 0 || noted) return;
    const std::chrono::duration<double> at = Clock::now() - began_;
    report_.events.push_back({"oom", at.count(), {{"oom_kills", kills}}});
  }

  // A cap that no group can hold may be held otherwise: then that record counts.
  void drop_refused_twice() {
    std::erase_if(report_.limits, [&](const LimitRecord& refused) {
      return refused.enforced.empty() &&
             std::ranges::count(report_.limits, refused.name, &LimitRecord::name) > 1;
    });
  }

  void warn_of_caps() {
    for (const LimitRecord& limit : report_.limits) {
      if (!limit.enforced.empty()) continue;
      report_.warnings.push_back("--" + limit.name + " " + limit.requested +
                                 " is not enforced: " + limit.by);
    }
  }

  void describe(const Plan& plan, const Group& group) {
    report_.cgroup = layout_name(group.layout());
    report_.groups = group.directories();
    report_.limits = group.limits();
    describe_plan(report_, plan);
    drop_refused_twice();
    warn_of_caps();
  }

  void conclude(const Observation& seen, const Plan& plan, const Host& host, Group& group) {
    const GroupCounters counters = final_counters(seen, group);
    Facts facts = gather_facts(seen, counters, plan, policy_, group);
    if (counters.oom_kills.value_or(0) > 0) facts.outer = find_outer_memory_limit(host.site);
    report_.usage = gather_usage(seen, counters, group);
    report_.outcome = judge(facts);
    report_.events = seen.events;
    complete_events(counters);
    report_.hang = seen.hang;
    report_.leaks = seen.leaks;
    for (std::string& warning : group.remove()) report_.warnings.push_back(std::move(warning));
    const std::chrono::duration<double> whole = Clock::now() - began_;
    if (report_.usage.wall_seconds.value) {
      report_.overhead_seconds = whole.count() - *report_.usage.wall_seconds.value;
    }
  }

  const Policy& policy_;
  const RunOptions& options_;
  const Clock::time_point began_;
  Report& report_;
};

void attempt(const Policy& policy, const RunOptions& options, Clock::time_point began,
             Report& report) {
  Facts facts;
  try {
    Run{policy, options, began, report}.go();
    return;
  } catch (const Unsupported& error) {
    facts.setup_failure = failure_of(error, true);
  } catch (const Error& error) {
    facts.setup_failure = failure_of(error, error.error() == EPERM || error.error() == ENOSPC ||
                                                error.error() == EUSERS || error.error() == ENOSYS);
  } catch (const std::exception& error) {
    facts.setup_failure = SetupFailure{.attempt = error.what()};
  }
  report.outcome = judge(facts);
}

bool may_do_without_namespaces(const Policy& policy, const Report& report) {
  return policy.best_effort && policy.isolation == Isolation::full &&
         report.outcome.verdict == Verdict::setup_failed && report.outcome.evidence.unsupported;
}

void finish_report(Report& report, const Policy& policy) {
  const Sentence sentence = explain(report);
  report.outcome.reason = sentence.line;
  report.outcome.hint = sentence.hint;
  report.exit_status = exit_status(ending_of(report.outcome, policy.reporting));
}

}  // namespace

Report refuse(const Policy& policy, const Error& error) {
  Report report = begin_report(policy);
  Facts facts;
  facts.setup_failure = failure_of(error, false);
  facts.setup_failure->attempt = error.what();  // several problems, a line each
  report.outcome = judge(facts);
  finish_report(report, policy);
  return report;
}

Report run(const Policy& policy, const RunOptions& options) {
  const Clock::time_point began = Clock::now();
  Report report = begin_report(policy);
  attempt(policy, options, began, report);
  if (may_do_without_namespaces(policy, report)) {
    const std::string why = report.outcome.evidence.setup_attempt;
    Policy without = policy;
    without.isolation = Isolation::none;
    report = begin_report(without);
    report.warnings.push_back("not isolated: " + why);
    attempt(without, options, began, report);
  }
  finish_report(report, policy);
  return report;
}

}  // namespace sandbox
