#include "cgroup/refusal.h"

#include "cgroup/hierarchies.h"

namespace sandbox {
namespace {

constexpr const char* kContainerFix =
    "docker run --security-opt writable-cgroups=true (Docker 28 and later), "
    "podman run --security-opt unmask=/sys/fs/cgroup, or --privileged";

std::string join(const std::vector<std::string>& words, const char* between) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += between;
    text += word;
  }
  return text;
}

std::string owner_words(uid_t owner) {
  return owner == 0 ? "root's" : "uid " + std::to_string(owner) + "'s";
}

// "/user.slice/user-1000.slice/session-2.scope" → "/user.slice/…/session-2.scope"
std::string shortened(const std::string& group) {
  const size_t first = group.find('/', 1);
  const size_t last = group.rfind('/');
  if (first == std::string::npos || first == last) return group;
  return group.substr(0, first + 1) + "…" + group.substr(last);
}

// A scope of one's own, from whichever systemd this user may ask.
std::string scope_fix(uid_t uid) {
  return std::string{"systemd-run "} + (uid == 0 ? "" : "--user ") +
         "--scope -p Delegate=yes -- sandbox-exec …";
}

}  // namespace

std::string Refusals::sentence(const Entry& entry) const {
  const Refusal& refusal = entry.refusal;
  switch (refusal.cause) {
    case Why::not_mounted:
      return "no cgroup file system is mounted";
    case Why::not_shown:
      return "the cgroup mount at " + refusal.place + " does not show this process's own group";
    case Why::read_only:
      return "the cgroup file system at " + refusal.place +
             " is mounted read-only (as containers have it by default)";
    case Why::not_writable:
      return "no writable cgroup (" +
             (layout_ == Layout::v2 ? shortened(refusal.place) : refusal.place) + " is " +
             owner_words(refusal.owner) + ")";
    case Why::cannot_move:
      return "no process can be moved there (" + refusal.place + "/cgroup.procs is " +
             owner_words(refusal.owner) + ")";
    case Why::own_limit:
      return "a group above " + refusal.place + " would escape its " + refusal.detail;
    case Why::not_enabled:
      return "not enabled in " + refusal.place + "/cgroup.subtree_control";
    case Why::not_given:
      return "not given to " + refusal.place + " from outside";
    case Why::threaded:
      return refusal.place + " is a threaded group";
    case Why::absent:
      return "the kernel has it switched off";
    case Why::not_a_group:
      return "SANDBOX_CGROUP=" + refusal.place + ": " +
             (refusal.detail.empty() ? "not beneath a cgroup mount"
                                     : refusal.detail + " is no cgroup directory");
  }
  return {};
}

// A user's systemd gives groups away on v2 only, and does not run in containers (where we are "/").
std::string Refusals::writing_fix(const Refusal& refusal) const {
  if (layout_ == Layout::v2 && refusal.place != "/") return scope_fix(uid_);
  if (layout_ == Layout::v2) return "sudo sandbox-exec …, or start in a group of this user's own";
  return "sudo sandbox-exec …, or have root chown a group in each hierarchy and name it by "
         "SANDBOX_CGROUP";
}

std::string Refusals::fix(const Entry& entry) const {
  const Refusal& refusal = entry.refusal;
  switch (refusal.cause) {
    case Why::not_mounted:
      return "as root: mount -t cgroup2 cgroup2 /sys/fs/cgroup";
    case Why::not_shown:
      return std::string{"as root: mount -t "} + (layout_ == Layout::v2 ? "cgroup2" : "cgroup") +
             " in this cgroup namespace, or name a group by SANDBOX_CGROUP";
    case Why::read_only:
      return kContainerFix;
    case Why::not_writable:
      return writing_fix(refusal);
    case Why::cannot_move:
      return "start in a group beside it: both must lie in one that is yours";
    case Why::own_limit:
      return scope_fix(uid_);
    case Why::not_enabled:
      return "as root: echo '+" + join(entry.controllers, " +") + "' > " + refusal.place +
             "/cgroup.subtree_control";
    case Why::not_given:
      return "give the container or service these controllers (systemd: Delegate=yes)";
    case Why::threaded:
      return scope_fix(uid_);
    case Why::absent:
      return "boot without cgroup_disable= (Raspberry Pi: with cgroup_enable=memory)";
    case Why::not_a_group:
      return "name an existing directory beneath /sys/fs/cgroup that this user may write to";
  }
  return {};
}

void Refusals::add(const std::string& controller, Refusal refusal) {
  for (Entry& entry : entries_) {
    if (entry.refusal.cause != refusal.cause) continue;
    entry.controllers.push_back(controller);
    return;
  }
  entries_.push_back({std::move(refusal), {controller}});
}

void Refusals::add_all(const Refusal& refusal) {
  for (const char* controller : kControllers) add(controller, refusal);
}

void Refusals::explain(GroupSite& site) const {
  const bool one_for_all = site.layout == Layout::none && entries_.size() == 1;
  std::vector<std::string> reasons;
  std::vector<std::string> fixes;
  for (const Entry& entry : entries_) {
    const std::string whom = one_for_all ? "" : join(entry.controllers, ", ") + ": ";
    reasons.push_back(whom + sentence(entry));
    fixes.push_back(fix(entry));
  }
  site.reason = join(reasons, "; ");
  site.hint = join(fixes, "; ");
}

}  // namespace sandbox
