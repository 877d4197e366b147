#include "cli/doctor_checks.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "cli/doctor_fixes.h"
#include "sys/error.h"

namespace sandbox {
namespace {

Check good(const char* name, std::string why) {
  Check check;
  check.name = name;
  check.ok = true;
  check.why = std::move(why);
  return check;
}

Check bad(const char* name, std::string why, std::vector<Fix> fixes) {
  Check check;
  check.name = name;
  check.why = std::move(why);
  check.fixes = std::move(fixes);
  return check;
}

// A run goes on without it.
Check useful(Check check, const char* without) {
  check.importance = Importance::useful;
  if (!check.ok) check.without = without;
  return check;
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

Check check_kernel(const HostFacts& facts) {
  int major = 0;
  int minor = 0;
  const bool read = std::sscanf(facts.kernel.c_str(), "%d.%d", &major, &minor) == 2;  // NOLINT
  const std::string why = "Linux " + facts.kernel;
  if (read && (major > 5 || (major == 5 && minor >= 12))) return good("kernel", why);
  return bad("kernel", why + "; 5.12 is the oldest that can do it", newer_kernel_fixes());
}

// Whether the trial got as far as having mounted something of its own.
bool user_namespace_works(const NamespaceTrial& trial) {
  return trial.error(Trial::tmpfs) == 0;
}

std::string failed_step(const NamespaceTrial& trial) {
  constexpr std::pair<Trial, const char*> kSteps[] = {
      {Trial::clone, "cannot be created"},
      {Trial::map_ids, "was created, but its id maps cannot be written"},
      {Trial::private_mounts, "was created, but its mounts cannot be made private"},
      {Trial::tmpfs, "was created, but nothing can be mounted in it"}};
  for (const auto& [step, words] : kSteps)
    if (const int error = trial.error(step); error > 0)
      return std::string{words} + ": " + errno_name(error);
  return "was not tried";
}

bool apparmor_is_the_cause(const HostFacts& facts) {
  return facts.apparmor_restricts == 1 && !facts.privileged &&
         !user_namespace_works(facts.namespaces);
}

bool is_confined(const HostFacts& facts) {
  return !facts.apparmor_profile.empty() && !facts.apparmor_profile.starts_with("unconfined");
}

// The first cause that is known to refuse what was tried.
std::pair<std::string, std::vector<Fix>> cause_of_refusal(const HostFacts& facts) {
  if (!facts.userns_built_in)
    return {"this kernel was built without them", {{"here", "a kernel with CONFIG_USER_NS"}}};
  if (apparmor_is_the_cause(facts))
    return {"restricted by AppArmor (Ubuntu 23.10 and later)", apparmor_fixes()};
  if (facts.max_user_namespaces == 0)
    return {"user.max_user_namespaces is 0", sysctl_fixes("user.max_user_namespaces=63359")};
  if (facts.unprivileged_userns == 0 && !facts.privileged)
    return {"kernel.unprivileged_userns_clone is 0",
            sysctl_fixes("kernel.unprivileged_userns_clone=1")};
  if (facts.namespaces.error(Trial::clone) == 0 && is_confined(facts))
    return {"the AppArmor profile " + facts.apparmor_profile + " confines this process",
            container_fixes()};
  if (facts.seccomp_mode != 0)
    return {"a seccomp filter is at work here, as in a container", container_fixes()};
  if (facts.chrooted)
    return {"not possible inside a chroot",
            {{"here", "enter the tree by systemd-nspawn or bwrap --bind instead of chroot"}}};
  return {"a container, a chroot or a security module refuses", container_fixes()};
}

Check check_user_namespaces(const HostFacts& facts) {
  const NamespaceTrial& trial = facts.namespaces;
  if (user_namespace_works(trial))
    return good("user-namespaces", "created, its ids mapped, a tmpfs mounted in it");
  if (!trial.refused.empty())
    return bad("user-namespaces",
               "a user namespace can be created, but not with a " + trial.refused +
                   " namespace: " + errno_name(trial.error(Trial::clone)),
               sysctl_fixes("user.max_" + trial.refused + "_namespaces=63359"));
  auto [cause, fixes] = cause_of_refusal(facts);
  return bad("user-namespaces", "a user namespace " + failed_step(trial) + ": " + cause,
             std::move(fixes));
}

Check check_apparmor(const HostFacts& facts) {
  const char* name = "apparmor";
  if (!facts.apparmor_restricts) return good(name, "does not restrict user namespaces");
  if (facts.apparmor_restricts == 0)
    return good(name, "kernel.apparmor_restrict_unprivileged_userns is 0");
  const std::string on = "kernel.apparmor_restrict_unprivileged_userns is 1";
  if (facts.privileged) return good(name, on + ", which root does not meet");
  if (!apparmor_is_the_cause(facts))
    return good(name, on + ", but this program may (profile " + facts.apparmor_profile + ")");
  return bad(name, on, apparmor_fixes());
}

// A fresh instance is refused where it would show what a mount over the old one hides.
Check check_fresh(const char* name, const HostFacts& facts, Trial step,
                  const std::vector<std::string>& hidden) {
  const int error = facts.namespaces.error(step);
  if (error == 0) return good(name, "a fresh one can be mounted");
  if (error == kNotTried) return bad(name, "not tried: there is no user namespace", {});
  std::string why = "a fresh one cannot be mounted: " + errno_name(error);
  if (!hidden.empty()) why += ": parts of this one are hidden (" + join(hidden) + ")";
  return bad(name, why, container_fixes());
}

Check check_network(const HostFacts& facts) {
  const int error = facts.namespaces.error(Trial::loopback);
  if (error == 0) return good("network", "a namespace of its own, with a loopback interface");
  if (error == kNotTried) return bad("network", "not tried: there is no user namespace", {});
  return bad("network", "the loopback interface cannot be brought up: " + errno_name(error),
             container_fixes());
}

Check check_pid_number(const HostFacts& facts) {
  const int error = facts.namespaces.error(Trial::pid_number);
  Check check = error == 0 ? good("pid-number", "can be chosen (set_tid of clone3)")
                           : bad("pid-number",
                                 error == kNotTried ? "not tried: there is no user namespace"
                                                    : "cannot be chosen: " + errno_name(error),
                                 {});
  return useful(std::move(check),
                "files named after the test's pid (LLVM_PROFILE_FILE's %p, sanitizer logs) may "
                "collide between two runs");
}

std::string layout_words(const HostFacts& facts) {
  if (facts.site.layout == Layout::v2) return "cgroup v2";
  return facts.v1 ? "cgroup v1" : "cgroup v2";
}

// Every directory once, with what it caps.
std::string places_words(const GroupSite& site) {
  std::string text;
  for (const GroupPlace& place : site.places)
    text += (text.empty() ? "" : "; ") + join(place.controllers) + " in " + place.directory;
  return text;
}

Check check_group(const HostFacts& facts) {
  const GroupSite& site = facts.site;
  if (site.layout == Layout::none) return bad("cgroup", site.reason, group_fixes(facts, site.hint));
  std::string why = layout_words(facts) + ": " + places_words(site);
  if (site.move_to_leaf)
    why += "; the processes there are moved to a leaf of it first, sandbox-exec.leaf";
  return good("cgroup", why);
}

// `flag`: the option that needs it.
Check check_cap(const char* name, const char* controller, const char* flag,
                const HostFacts& facts) {
  const std::string words = std::string{controller} + " controller, for " + flag;
  if (facts.site.has(controller)) return good(name, words);
  if (facts.site.layout == Layout::none) return bad(name, "no " + words + ": see cgroup", {});
  const std::string reason = facts.site.reason.empty() ? "" : ": " + facts.site.reason;
  return bad(name, "no " + words + reason, group_fixes(facts, facts.site.hint));
}

std::string gibibytes(std::uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f GiB", static_cast<double>(bytes) / (1 << 30));  // NOLINT
  return text;
}

Check check_swap(const HostFacts& facts) {
  if (facts.swap_bytes == 0) return good("swap", "none: a memory cap is all there is");
  const std::string size = gibibytes(facts.swap_bytes);
  if (facts.swap_capped) return good("swap", size + ", closed to a run with a memory cap");
  return useful(bad("swap", size + ", and no group can be kept from it", swap_fixes()),
                "a run over its memory cap swaps, and slows down, before it is killed");
}

std::vector<Check> check_id_maps(const HostFacts& facts) {
  constexpr const char* name = "id-mapped-mounts";
  if (!facts.privileged)
    return {useful(good(name, "not needed: the test runs as the user that calls"), "")};
  std::vector<Check> checks;
  for (const IdMapTrial& trial : facts.id_maps) {
    Check check = trial.taken ? good(name, trial.file_system + " takes an id map")
                              : bad(name, trial.file_system + " refuses an id map", id_map_fixes());
    check.place = trial.place;
    checks.push_back(useful(std::move(check),
                            "a project of root's on it is tested as root without capabilities"));
  }
  return checks;
}

Check check_filter(const HostFacts& facts) {
  if (facts.filter_error == 0) return good("seccomp", "the default filter can be loaded");
  return bad("seccomp", "the default filter cannot be loaded: " + errno_name(facts.filter_error),
             {{"here", "a kernel with CONFIG_SECCOMP_FILTER, or --seccomp=off"}});
}

Check check_listener(const HostFacts& facts) {
  constexpr const char* without =
      "a SIGKILL from inside cannot be told from one from outside with certainty";
  if (facts.listener_error == 0)
    return useful(good("seccomp-notify", "the supervisor can be asked about a SIGKILL"), without);
  const std::string why =
      errno_name(facts.listener_error) +
      (facts.listener_error == EBUSY ? ": something outside listens already" : "");
  return useful(bad("seccomp-notify", "the supervisor cannot be asked: " + why, {}), without);
}

Check check_ptrace(const HostFacts& facts) {
  constexpr const char* without =
      "LeakSanitizer, gdb and strace fail inside (ASAN_OPTIONS=detect_leaks=0 keeps ASan going)";
  const std::string scope = facts.ptrace_scope ? " (kernel.yama.ptrace_scope is " +
                                                     std::to_string(*facts.ptrace_scope) + ")"
                                               : "";
  // From 2 on the sandbox's lack of capabilities decides, whatever this process may do.
  const bool scope_refuses = facts.ptrace_scope.value_or(0) >= 2;
  if (facts.ptrace_error == 0 && !scope_refuses)
    return useful(good("ptrace", "a process may trace its child" + scope), without);
  if (scope_refuses)
    return useful(
        bad("ptrace", "refused by Yama" + scope, sysctl_fixes("kernel.yama.ptrace_scope=1")),
        without);
  return useful(bad("ptrace", "refused: " + errno_name(facts.ptrace_error), container_fixes()),
                without);
}

std::vector<Check> all_checks(const HostFacts& facts) {
  std::vector<Check> checks{
      check_kernel(facts),
      check_user_namespaces(facts),
      check_apparmor(facts),
      check_fresh("proc", facts, Trial::proc, facts.hidden_in_proc),
      check_fresh("sys", facts, Trial::sysfs, facts.hidden_in_sys),
      check_network(facts),
      check_pid_number(facts),
      check_group(facts),
      check_cap("memory-cap", "memory", "--memory", facts),
      check_cap("cpu-cap", "cpu", "--cpus", facts),
      useful(check_cap("process-cap", "pids", "--pids", facts),
             "--pids is held by RLIMIT_NPROC, which root's own processes do not meet"),
      check_swap(facts),
      check_filter(facts),
      check_listener(facts),
      check_ptrace(facts),
  };
  for (Check& check : check_id_maps(facts)) checks.push_back(std::move(check));
  return checks;
}

}  // namespace

std::vector<Check> check_host(const HostFacts& facts) {
  std::vector<Check> checks = all_checks(facts);
  for (Check& check : checks) check.fixes = sorted(std::move(check.fixes), facts.where);
  return checks;
}

bool full_run_possible(const std::vector<Check>& checks) {
  return std::ranges::all_of(checks, [](const Check& check) {
    return check.ok || check.importance == Importance::useful;
  });
}

}  // namespace sandbox
