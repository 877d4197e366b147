// cgroup v1: a group beneath the caller's own in each hierarchy; v1 lets a group hold both
// processes and groups. Source: Documentation/admin-guide/cgroup-v1/cgroups.rst.
#include <algorithm>
#include <variant>

#include "cgroup/finders.h"
#include "cgroup/refusal.h"

namespace sandbox {
namespace {

using PlaceOrRefusal = std::variant<GroupPlace, Refusal>;

// The group to use in every hierarchy: $SANDBOX_CGROUP's, or each hierarchy's own.
struct Choice {
  bool given = false;
  std::optional<std::string> group{};  // with `given`: nullopt when it is no group at all
};

Choice choose(const std::vector<Hierarchy>& hierarchies, const CgroupView& view) {
  if (view.sandbox_cgroup.empty()) return {};
  for (const Hierarchy& hierarchy : hierarchies) {
    if (auto group = hierarchy.group_of(view.sandbox_cgroup)) return {true, std::move(group)};
  }
  return {true, std::nullopt};
}

PlaceOrRefusal look_at(const Hierarchy& hierarchy, const Choice& choice, const CgroupView& view,
                       const CgroupTree& tree) {
  if (!hierarchy.mounted()) return Refusal{Why::not_mounted};
  if (choice.given && !choice.group) return Refusal{Why::not_a_group, view.sandbox_cgroup};
  const std::string group = choice.group.value_or(hierarchy.group);
  const auto directory = hierarchy.directory_of(group);
  if (!directory) return Refusal{Why::not_shown, hierarchy.mount_point};
  if (hierarchy.read_only) return Refusal{Why::read_only, hierarchy.mount_point};
  if (tree.writable(*directory)) {
    return GroupPlace{hierarchy.controllers, *directory, hierarchy.group, group};
  }
  const auto owner = tree.owner(*directory);
  if (!owner && choice.given) {
    return Refusal{Why::not_a_group, view.sandbox_cgroup, 0, *directory};
  }
  return Refusal{Why::not_writable, *directory, owner.value_or(0)};
}

const Hierarchy* holder_of(const std::vector<Hierarchy>& hierarchies, const char* controller) {
  const auto holder = std::find_if(
      hierarchies.begin(), hierarchies.end(),
      [&](const Hierarchy& hierarchy) { return contains(hierarchy.controllers, controller); });
  return holder == hierarchies.end() ? nullptr : &*holder;
}

}  // namespace

GroupSite find_site_v1(const std::vector<Hierarchy>& hierarchies, const CgroupView& view,
                       const CgroupTree& tree) {
  const Choice choice = choose(hierarchies, view);
  Refusals refusals{Layout::v1, view.uid};
  GroupSite site;
  for (const char* controller : kControllers) {
    if (site.has(controller)) continue;
    const Hierarchy* hierarchy = holder_of(hierarchies, controller);
    PlaceOrRefusal looked =
        hierarchy ? look_at(*hierarchy, choice, view, tree) : PlaceOrRefusal{Refusal{Why::absent}};
    if (auto* place = std::get_if<GroupPlace>(&looked)) {
      site.places.push_back(std::move(*place));
    } else {
      refusals.add(controller, std::get<Refusal>(looked));
    }
  }
  site.layout = site.places.empty() ? Layout::none : Layout::v1;
  refusals.explain(site);
  return site;
}

}  // namespace sandbox
