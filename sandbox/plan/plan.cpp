#include "plan/plan.h"

#include <sched.h>
#include <signal.h>

#include <algorithm>

#include "sys/error.h"
#include "sys/files.h"

namespace sandbox {
namespace {

using child::Op;

constexpr const char* kWholeCtest =
    "all of ctest's tests share this one sandbox; for one each: cmake "
    "-DCMAKE_TEST_LAUNCHER='sandbox-exec;--ctest' (before CMake 3.29: "
    "CMAKE_CROSSCOMPILING_EMULATOR)";

std::uint64_t namespaces(const Policy& policy, const Host& host) {
  std::uint64_t flags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS;
  if (policy.network != Network::host) flags |= CLONE_NEWNET;
  // v1 must join first; CLONE_INTO_CGROUP shows "/" already.
  if (host.site.layout != Layout::v1) flags |= CLONE_NEWCGROUP;
  return flags;
}

void plan_groups(Plan& plan, const Host& host) {
  if (host.site.layout != Layout::v1) return;
  for (std::size_t i = 0; i < host.site.places.size(); ++i) {
    plan.init.push_back({.op = Op::join_group, .a = static_cast<std::int64_t>(i)});
  }
  if (plan.isolated) plan.init.push_back({.op = Op::unshare_cgroup});
}

std::string map_line(std::uint64_t inside, std::uint64_t outside) {
  return std::to_string(inside) + " " + std::to_string(outside) + " 1\n";
}

void plan_identity(Plan& plan) {
  const Identity& identity = plan.identity;
  if (identity.parent_writes_maps) {
    plan.init.push_back({.op = Op::await_maps});
    plan.init.push_back(
        {.op = Op::become, .a = identity.uid_inside, .b = identity.gid_inside, .flags = 1});
    return;
  }
  plan.init.push_back({.op = Op::write_map, .text = "deny", .text2 = "/proc/self/setgroups"});
  plan.init.push_back({.op = Op::write_map,
                       .text = map_line(identity.gid_inside, identity.gid_outside),
                       .text2 = "/proc/self/gid_map"});
  plan.init.push_back({.op = Op::write_map,
                       .text = map_line(identity.uid_inside, identity.uid_outside),
                       .text2 = "/proc/self/uid_map"});
}

void plan_isolated_init(Plan& plan, const Policy& policy, const Host& host) {
  plan_identity(plan);
  plan.init.push_back({.op = Op::non_dumpable});
  plan.init.push_back({.op = Op::parent_death, .a = SIGKILL});  // after setresuid, which clears it
  plan.init.push_back({.op = Op::umask, .a = 0});
  if (policy.network == Network::loopback) plan.init.push_back({.op = Op::loopback_up});
  plan_root(plan, policy, host);
}

// "30", "0.25": as the option takes it.
std::string seconds_text(std::chrono::milliseconds time) {
  std::string text = std::to_string(time.count() / 1000);
  std::string fraction = std::to_string(1000 + time.count() % 1000).substr(1);
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  return fraction.empty() ? text : text + "." + fraction;
}

void record_deadlines(Plan& plan, const Limits& limits) {
  const auto record = [&](const char* name, const std::optional<std::chrono::milliseconds>& value,
                          const char* by) {
    if (!value) return;
    const std::string text = seconds_text(*value);
    plan.limits.push_back({name, text, text, by});
  };
  record("timeout", limits.timeout, "supervisor's timer");
  record("cpu-time", limits.cpu_time, "supervisor's timer and the CPU time counted so far");
}

// A script sees it as $0: as the user wrote it, wherever it means the same inside.
std::string executable(const Policy& policy, const Host& host) {
  const std::string& word = policy.command.at(0);
  return word.find('/') != std::string::npos && policy.chdir.empty() ? word : host.program;
}

// Inside, only the fresh places, a tmpfs and a writable bind can be written to.
bool tmpdir_usable(const Policy& policy, const Host& host) {
  for (const std::string& entry : host.environment) {
    if (!entry.starts_with("TMPDIR=")) continue;
    const std::string path = entry.substr(7);
    const auto holds = [&](const std::string& place) { return is_within(path, place); };
    const auto writable = [&](const Mount& mount) {
      return (mount.kind == MountKind::bind || mount.kind == MountKind::tmpfs) &&
             holds(mount.destination);
    };
    // Only those that exist from the start: /tmp/x of the host is not there inside.
    return path == "/tmp" || path == "/var/tmp" || path == "/dev/shm" ||
           std::ranges::any_of(policy.mounts, writable);
  }
  return true;
}

void change_environment(std::vector<std::string>& variables, const Environment& wanted) {
  const auto drop = [&](const std::string& name) {
    std::erase_if(variables,
                  [&](const std::string& entry) { return entry.starts_with(name + "="); });
  };
  for (const std::string& name : wanted.unset) drop(name);
  for (const auto& [name, value] : wanted.set) {
    drop(name);
    variables.push_back(name + "=" + value);
  }
}

// Never silently: what only an isolated run can give.
void refuse_without_isolation(const Policy& policy) {
  if (policy.best_effort) return;
  const Policy plain;
  std::string options;
  const auto check = [&](bool differs, const char* name) {
    if (differs) options += std::string{options.empty() ? "" : ", "} + name;
  };
  check(policy.network != plain.network, "--network");
  check(policy.uid.has_value(), "--uid");
  check(policy.gid.has_value(), "--gid");
  check(policy.keep_root, "--keep-root");
  check(!policy.allow.empty(), "--allow");
  check(policy.environment.mode != plain.environment.mode, "--env");
  for (const Mount& mount : policy.mounts) check(true, mount.words.c_str());
  if (!options.empty())
    throw Error{"--isolation none cannot give " + options, 0, "leave out one of them"};
}

constexpr const char* kChannelVariable = "SANDBOX_CHANNEL_FD";

// High, so that the test's own descriptors count from 3; below 64, where the kernel's table of them
// has to grow.
int choose_channel(const Policy& policy) {
  if (std::ranges::count(policy.environment.unset, kChannelVariable) > 0) return -1;
  int number = 63;
  while (std::ranges::count(policy.keep_fds, number) > 0) --number;
  return number;
}

void plan_environment(Plan& plan, const Policy& policy, const Host& host) {
  if (!plan.isolated) {
    plan.environment = host.environment;  // a fixture's servers need the host's sockets
    change_environment(plan.environment, policy.environment);
    std::erase_if(plan.environment, [](const std::string& entry) {
      return entry.starts_with(std::string{kChannelVariable} + "=");  // of a sandbox around this
    });
    if (plan.channel_fd >= 0)
      plan.environment.push_back(std::string{kChannelVariable} + "=" +
                                 std::to_string(plan.channel_fd));
    return;
  }
  EnvironmentFacts facts;
  facts.runtime_dir = "/run/user/" + std::to_string(plan.identity.uid_inside);
  facts.tmpdir_usable = tmpdir_usable(policy, host);
  facts.channel_fd = plan.channel_fd;
  TestEnvironment environment = make_environment(policy.environment, host.environment, facts);
  plan.environment = std::move(environment.variables);
  plan.environment_record = std::move(environment.record);
}

}  // namespace

Plan make_plan(const Policy& policy, const Host& host) {
  Plan plan;
  plan.isolated = policy.isolation == Isolation::full;
  plan.identity = choose_identity(policy, host);
  plan.parent_detaches = plan.isolated && host.root;
  plan.executable = executable(policy, host);
  plan.argv = policy.command;
  plan.watch_kills = plan.isolated && policy.seccomp != SeccompMode::off;
  plan.allow = policy.allow;
  plan.warnings = host.warnings;
  if (!plan.identity.warning.empty()) plan.warnings.push_back(plan.identity.warning);
  if (host.program.ends_with("/ctest")) plan.warnings.emplace_back(kWholeCtest);
  plan.channel_fd = choose_channel(policy);
  plan_environment(plan, policy, host);
  plan_groups(plan, host);
  if (plan.isolated) {
    plan.clone_flags = namespaces(policy, host);
    plan_isolated_init(plan, policy, host);
  } else {
    refuse_without_isolation(policy);
    // It must outlive the supervisor for as long as it takes to end its children.
    plan.init.push_back({.op = Op::subreaper});
  }
  plan_test(plan, policy, host);
  record_deadlines(plan, policy.limits);
  return plan;
}

bool same_sandbox(const Plan& a, const Plan& b) {
  const Identity& x = a.identity;
  const Identity& y = b.identity;
  const bool same_outside = x.uid_outside == y.uid_outside && x.gid_outside == y.gid_outside;
  return a.clone_flags == b.clone_flags && a.isolated && b.isolated &&
         a.parent_detaches == b.parent_detaches && a.fresh_places == b.fresh_places &&
         x.uid_inside == y.uid_inside && x.gid_inside == y.gid_inside &&
         x.id_mapped == y.id_mapped && (x.id_mapped || same_outside) && a.init == b.init;
}

}  // namespace sandbox
