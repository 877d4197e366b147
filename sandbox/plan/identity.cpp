// Who the test is, inside and outside.
#include "plan/plan.h"

namespace sandbox {
namespace {

// Far above what any system hands out. One for each process number (proc(5), pid_max: 2^22 at most)
// and each of the last 500 runs of that process, so that two sandboxes do not share an id.
constexpr uid_t kUnusedIds = 1'900'000'000;
constexpr uid_t kProcessNumbers = 1U << 22;
constexpr unsigned kSerials = 500;
constexpr uid_t kShownId = 1000;

Identity same_outside(uid_t uid, gid_t gid, const char* how) {
  Identity identity;
  identity.uid_inside = identity.uid_outside = uid;
  identity.gid_inside = identity.gid_outside = gid;
  identity.how = how;
  return identity;
}

Identity unused_id(const Host& host) {
  Identity identity;
  take_unused_id(identity, host.pid, host.serial);
  identity.uid_inside = kShownId;
  identity.gid_inside = kShownId;
  identity.id_mapped = true;
  identity.how = "unused id, mounts id-mapped";
  return identity;
}

Identity choose_for_root(const Policy& policy, const Host& host) {
  if (policy.keep_root) return same_outside(host.uid, host.gid, "kept root");
  if (host.project_uid != 0) {
    return same_outside(host.project_uid, host.project_gid, "project owner");
  }
  if (host.ids_mappable) return unused_id(host);
  Identity identity = same_outside(host.uid, host.gid, "caller's id without capabilities");
  identity.warning = "the test runs as root without capabilities: " + host.unmappable +
                     " takes no id-mapped mount";
  return identity;
}

}  // namespace

void take_unused_id(Identity& identity, pid_t pid, unsigned serial) {
  identity.uid_outside = kUnusedIds + static_cast<uid_t>(pid) +
                         static_cast<uid_t>(serial % kSerials) * kProcessNumbers;
  identity.gid_outside = identity.uid_outside;
}

Identity choose_identity(const Policy& policy, const Host& host) {
  if (policy.isolation == Isolation::none) return same_outside(host.uid, host.gid, "caller's id");
  Identity identity =
      host.root ? choose_for_root(policy, host) : same_outside(host.uid, host.gid, "own id");
  identity.parent_writes_maps = host.root;
  identity.host_root = identity.uid_outside == 0;
  if (policy.uid) identity.uid_inside = *policy.uid;
  if (policy.gid) identity.gid_inside = *policy.gid;
  return identity;
}

}  // namespace sandbox
