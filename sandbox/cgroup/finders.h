// find_site's two halves.
#pragma once

#include <vector>

#include "cgroup/hierarchies.h"
#include "cgroup/site.h"
#include "cgroup/tree.h"

namespace sandbox {

GroupSite find_site_v1(const std::vector<Hierarchy>& hierarchies, const CgroupView& view,
                       const CgroupTree& tree);
GroupSite find_site_v2(const CgroupView& view, const CgroupTree& tree);

}  // namespace sandbox
