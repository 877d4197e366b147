#include "cgroup/site.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "cgroup/finders.h"
#include "cgroup/hierarchies.h"
#include "cgroup/tree.h"
#include "sys/files.h"

namespace sandbox {

bool GroupSite::has(const char* controller) const {
  return std::any_of(places.begin(), places.end(), [&](const GroupPlace& place) {
    return contains(place.controllers, controller);
  });
}

CgroupView read_cgroup_view() {
  const char* wanted = std::getenv("SANDBOX_CGROUP");
  return {read_file("/proc/self/cgroup").value_or(""),
          parse_mountinfo(read_file("/proc/self/mountinfo").value_or("")), ::geteuid(),
          wanted ? wanted : ""};
}

GroupSite find_site(const CgroupView& view) {
  return find_site(view, HostCgroupTree{});
}

// Controllers bound to v1 are not available on v2, so a single one decides.
GroupSite find_site(const CgroupView& view, const CgroupTree& tree) {
  const auto v1 = v1_hierarchies(view);
  return v1.empty() ? find_site_v2(view, tree) : find_site_v1(v1, view, tree);
}

}  // namespace sandbox
