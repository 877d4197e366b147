// Why a place cannot be used, in words, and how to mend it.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "cgroup/site.h"

namespace sandbox {

enum class Why {
  not_mounted,   // no mount shows the hierarchy
  not_shown,     // place: the mount point
  read_only,     // place: the mount point
  not_writable,  // place: group or directory
  cannot_move,   // place: the common ancestor of our own group and the wanted one
  own_limit,     // place: the group whose cap a group above it would escape; detail: its file
  not_enabled,   // place: directory that has the controllers but does not hand them down
  not_given,     // place: the top group that is shown here, which lacks them itself
  threaded,      // place: group
  absent,        // the kernel offers no such controller
  not_a_group,   // place: $SANDBOX_CGROUP; detail: the directory that is missing, if any
};

struct Refusal {
  Why cause = Why::not_mounted;
  std::string place{};
  uid_t owner = 0;
  std::string detail{};
};

// What find_site could not get, collected and then said once a cause.
class Refusals {
 public:
  Refusals(Layout layout, uid_t uid) : layout_(layout), uid_(uid) {}

  void add(const std::string& controller, Refusal refusal);
  void add_all(const Refusal& refusal);  // for every controller
  // Fills reason and hint.
  void explain(GroupSite& site) const;

 private:
  struct Entry {
    Refusal refusal{};
    std::vector<std::string> controllers{};
  };
  std::string sentence(const Entry& entry) const;
  std::string fix(const Entry& entry) const;
  std::string writing_fix(const Refusal& refusal) const;

  Layout layout_;
  uid_t uid_;
  std::vector<Entry> entries_{};
};

}  // namespace sandbox
