#include "supervise/run.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "cgroup/group.h"
#include "launch/clone.h"
#include "launch/cpu_lease.h"
#include "plan/plan.h"
#include "policy/check.h"
#include "report/begin.h"
#include "report/exit_code.h"
#include "report/sentence.h"
#include "report/text.h"
#include "supervise/assemble.h"
#include "supervise/judge.h"
#include "supervise/loading.h"
#include "supervise/prepared_sandboxes.h"
#include "supervise/supervisor.h"
#include "sys/error.h"

namespace sandbox {
namespace {

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

// RLIMIT_NPROC counts per user namespace: it holds the cap of processes without a group.
Limits limits_of_group(const Policy& policy, const GroupSite& site) {
  Limits limits = policy.limits;
  if (policy.isolation == Isolation::full && !site.has("pids")) limits.pids_asked = false;
  return limits;
}

Group make_group(Host& host, const Policy& policy, const std::string& run_id) {
  try {
    if (host.site.move_to_leaf) host.site = prepare_site(std::move(host.site));
    return Group::create(host.site, limits_of_group(policy, host.site), run_id, policy.best_effort);
  } catch (const Error& error) {
    throw Unsupported{error};
  }
}

SetupFailure failure_of(const Error& error, bool unsupported) {
  SetupFailure failure;
  failure.attempt = one_line(error.what());
  const std::string ending = ": " + errno_name(error.error());  // the sentence adds it again
  if (error.error() && failure.attempt.ends_with(ending))
    failure.attempt.resize(failure.attempt.size() - ending.size());
  failure.error = error.error();
  failure.exit_code = error.exit_code();
  failure.hint = error.hint();
  failure.unsupported = unsupported;
  return failure;
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

// What the fresh places held has gone with them.
GroupCounters final_counters(const Observation& seen, const Group& group) {
  GroupCounters counters = group.read();
  if (!seen.at_end) return counters;
  counters.file = seen.at_end->file;
  counters.shmem = seen.at_end->shmem;
  counters.kernel = seen.at_end->kernel;
  return counters;
}

// A cap that no group can hold may be held otherwise: then that record counts.
void drop_refused_twice(std::vector<LimitRecord>& limits) {
  std::erase_if(limits, [&](const LimitRecord& refused) {
    return refused.enforced.empty() &&
           std::ranges::count(limits, refused.name, &LimitRecord::name) > 1;
  });
}

void warn_of_caps(Report& report) {
  for (const LimitRecord& limit : report.limits) {
    if (!limit.enforced.empty()) continue;
    report.warnings.push_back("--" + limit.name + " " + limit.requested +
                              " is not enforced: " + limit.by);
  }
}

CpuLease lease_cpus(const Limits& limits, const std::vector<int>& allowed) {
  return limits.cpuset && limits.cpuset->automatic ? CpuLease{limits, allowed} : CpuLease{};
}

// What a run holds while it goes on, in the order made.
struct Attempt {
  Policy policy;
  Host host{};
  CpuLease lease{};
  Group group{};
  Plan plan{};
  std::unique_ptr<Supervisor> supervisor{};
};

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

class Run::Stages {
 public:
  Stages(boost::asio::io_context& loop, const Policy& policy, const LaunchOptions& launch,
         PreparedSandboxes* prepared)
      : loop_(loop),
        launch_(launch),
        prepared_(prepared),
        policy_(policy),
        report_(begin_report(policy)) {}

  const std::string& id() const { return report_.run_id; }

  void start(Done done, EventSink sink) {
    done_ = std::move(done);
    sink_ = std::move(sink);
    if (sink_.begin) sink_.begin(report_);
    attempt(policy_);
  }

  void take_signal(int signal) {
    if (attempt_ && attempt_->supervisor) attempt_->supervisor->take_signal(signal);
  }

  void time_out(std::chrono::milliseconds limit) {
    if (attempt_ && attempt_->supervisor) attempt_->supervisor->time_out(limit);
  }

 private:
  void attempt(const Policy& policy) {
    attempt_ = std::make_unique<Attempt>(policy);
    const bool launched = guarded([this] {
      prepare();
      launch();
    });
    if (!launched) end();
  }

  // False: a failure, which is then in the report.
  template <typename F>
  bool guarded(F stages) {
    Facts facts;
    try {
      stages();
      return true;
    } catch (const Unsupported& error) {
      facts.setup_failure = failure_of(error, true);
    } catch (const Error& error) {
      facts.setup_failure =
          failure_of(error, error.error() == EPERM || error.error() == ENOSPC ||
                                error.error() == EUSERS || error.error() == ENOSYS);
    } catch (const std::exception& error) {
      facts.setup_failure = SetupFailure{.attempt = error.what()};
    }
    report_.outcome = judge(facts);
    return false;
  }

  void prepare() {
    Attempt& now = *attempt_;
    check_policy(now.policy);
    now.host = probe_host(now.policy, launch_.serial, launch_.trial_map);
    launch_.id_map = now.host.id_map;
    now.lease = lease_cpus(now.policy.limits, now.host.allowed_cpus);
    now.host.leased_cpus = now.lease.cpus();
    now.plan = make_plan(now.policy, now.host);
  }

  // One that was made ahead, where it is the same that would be made now.
  std::optional<SandboxProcess> take_prepared() {
    Attempt& now = *attempt_;
    if (!prepared_) return std::nullopt;
    const Limits limits = limits_of_group(now.policy, now.host.site);
    auto used = prepared_->take(now.plan, limits, now.host, launch_);
    prepared_->remember(now.plan, limits, now.host);
    if (!used) return std::nullopt;
    now.group = std::move(used->group);
    return std::move(used->process);
  }

  SandboxProcess make_new() {
    Attempt& now = *attempt_;
    now.group = make_group(now.host, now.policy, report_.run_id);
    try {
      return clone_sandbox(now.plan, now.group, launch_);
    } catch (const Error&) {
      describe();
      throw;
    }
  }

  void describe() {
    report_.cgroup = layout_name(attempt_->group.layout());
    report_.groups = attempt_->group.directories();
    report_.limits = attempt_->group.limits();
    describe_plan(report_, attempt_->plan);
    drop_refused_twice(report_.limits);
    warn_of_caps(report_);
  }

  // What needs not come before the clone is done while the sandbox sets itself up.
  void launch() {
    Attempt& now = *attempt_;
    std::optional<SandboxProcess> process = take_prepared();
    if (!process) process = make_new();
    now.supervisor = std::make_unique<Supervisor>(
        loop_, Watched{now.plan, now.policy, now.group, now.host.terminal, began_, sink_.event});
    now.supervisor->start(std::move(*process), [this](Observation seen) {
      guarded([&] { conclude(seen); });
      end();
    });
    if (!prepared_ || prepared_->is_new(now.host.program)) warm_page_cache(now.host.program);
    remove_stale_groups(now.host.site);
    describe();
  }

  void conclude(Observation& seen) {
    Group& group = attempt_->group;
    const GroupCounters counters = final_counters(seen, group);
    Facts facts = gather_facts(seen, counters, attempt_->plan, attempt_->policy, group);
    if (counters.oom_kills.value_or(0) > 0) {
      facts.outer = find_outer_memory_limit(attempt_->host.site);
    }
    explain_loading(facts, attempt_->host, attempt_->plan);
    report_.usage = gather_usage(seen, counters, group);
    report_.outcome = judge(facts);
    report_.outcome.test = seen.running_test;
    report_.tests = std::move(seen.tests);
    warn_of_tests(seen);
    report_.events = std::move(seen.events);
    complete_events(counters);
    report_.hang = std::move(seen.hang);
    report_.leaks = std::move(seen.leaks);
    remove_group();
    const std::chrono::duration<double> whole = Clock::now() - began_;
    if (report_.usage.wall_seconds.value) {
      report_.overhead_seconds = whole.count() - *report_.usage.wall_seconds.value;
    }
  }

  void warn_of_tests(const Observation& seen) {
    if (!seen.channel_closed_in.empty()) {
      report_.warnings.push_back("the program closed its listener's channel in TEST " +
                                 one_line(seen.channel_closed_in) +
                                 ": no figures are known of those after it");
    }
    if (seen.other_tests_told) {
      report_.warnings.push_back(
          "two programs told of TESTs at once: only the first was listened to");
    }
    if (seen.tests_not_kept > 0) {
      report_.warnings.push_back(std::to_string(seen.tests_not_kept) +
                                 " TESTs more than are kept ran");
    }
    if (report_.outcome.verdict == Verdict::passed && !seen.running_test.empty()) {
      report_.warnings.push_back("the program ended within TEST " + one_line(seen.running_test) +
                                 ": those after it did not run");
    }
  }

  // Once: who is told of the end may end the process.
  void remove_group() {
    for (std::string& warning : attempt_->group.remove())
      report_.warnings.push_back(std::move(warning));
  }

  // The end can be seen before the OOM notification.
  void complete_events(const GroupCounters& counters) {
    const auto kills = static_cast<std::int64_t>(counters.oom_kills.value_or(0));
    const bool noted =
        std::ranges::any_of(report_.events, [](const Event& e) { return e.kind == "oom"; });
    if (kills == 0 || noted) return;
    const std::chrono::duration<double> at = Clock::now() - began_;
    report_.events.push_back({"oom", at.count(), {{"oom_kills", kills}}});
    if (sink_.event) sink_.event(report_.events.back());
  }

  void end() {
    if (may_do_without_namespaces(attempt_->policy, report_)) {
      try_without_namespaces();
      return;
    }
    remove_group();  // of a run that failed
    finish_report(report_, policy_);
    const Done done = std::move(done_);
    done(std::move(report_));
  }

  void try_without_namespaces() {
    const std::string why = report_.outcome.evidence.setup_attempt;
    Policy without = policy_;
    without.isolation = Isolation::none;
    Report again = begin_report(without);
    again.run_id = report_.run_id;  // it has been told already
    again.started_at = report_.started_at;
    report_ = std::move(again);
    report_.warnings.push_back("not isolated: " + why);
    attempt(without);
  }

  boost::asio::io_context& loop_;
  LaunchOptions launch_;
  PreparedSandboxes* const prepared_;
  const Policy policy_;
  const Clock::time_point began_ = Clock::now();
  Report report_;
  std::unique_ptr<Attempt> attempt_;
  Done done_;
  EventSink sink_;
};

Run::Run(boost::asio::io_context& loop, const Policy& policy, const LaunchOptions& launch,
         PreparedSandboxes* prepared)
    : stages_(std::make_unique<Stages>(loop, policy, launch, prepared)) {}

Run::~Run() = default;

const std::string& Run::id() const {
  return stages_->id();
}

void Run::start(Done done, EventSink sink) {
  stages_->start(std::move(done), std::move(sink));
}

void Run::take_signal(int signal) {
  stages_->take_signal(signal);
}

void Run::time_out(std::chrono::milliseconds limit) {
  stages_->time_out(limit);
}

}  // namespace sandbox
