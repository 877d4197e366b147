// cgroup v2: a group that holds processes cannot give controllers to its children (only the root
// group can), so a run's group is made beside or above the caller's own, or the caller's own group
// is emptied into a leaf. Source: Documentation/admin-guide/cgroup-v2.rst, "No Internal Process
// Constraint", "Delegation".
#include <algorithm>
#include <variant>

#include "cgroup/finders.h"
#include "cgroup/leaf.h"
#include "cgroup/refusal.h"
#include "sys/files.h"

namespace sandbox {
namespace {

// One group as a place for others, and what it gives them.
struct Level {
  std::string group{};
  std::string directory{};
};

struct Offer {
  std::vector<std::string> enabled{};  // children have them
  std::vector<std::string> addable{};  // after a write to cgroup.subtree_control

  bool gives(std::string_view controller) const {
    return contains(enabled, controller) || contains(addable, controller);
  }
  bool empty() const { return enabled.empty() && addable.empty(); }
};

// cpuacct is no controller of v2: cpu.stat is always there.
constexpr const char* kWanted[] = {"memory", "cpu", "pids"};

// The wanted ones among the words of cgroup.controllers or cgroup.subtree_control.
std::vector<std::string> wanted_in(const CgroupTree& tree, const std::string& file) {
  const std::string text = tree.read(file).value_or("");
  std::vector<std::string> found;
  for (std::string_view line : split(text, '\n')) {
    const auto words = split(line, ' ');
    for (const char* name : kWanted) {
      if (std::find(words.begin(), words.end(), name) != words.end()) found.emplace_back(name);
    }
  }
  return found;
}

// Only the hierarchy's root group has no cgroup.type; a cgroup namespace's "/" has one.
bool is_root_group(const CgroupTree& tree, const std::string& directory) {
  return !tree.read(directory + "/cgroup.type").has_value();
}

bool holds_processes(const CgroupTree& tree, const std::string& directory) {
  return !tree.read(directory + "/cgroup.procs").value_or("").empty();
}

bool is_set(const std::optional<std::string>& limit) {
  return limit && !limit->empty() && *limit != "\n" && limit->substr(0, 3) != "max";
}

// The file by which a group limits its processes; a group above would not be under it.
std::string own_limit_file(const CgroupTree& tree, const std::string& directory) {
  for (const char* file :
       {"memory.max", "memory.high", "memory.swap.max", "cpu.max", "pids.max", "cpuset.cpus"}) {
    if (is_set(tree.read(directory + "/" + file))) return file;
  }
  return {};
}

std::string common_ancestor(const std::string& a, std::string b) {
  while (!is_within(a, b)) b = parent_group(b);
  return b;
}

// Our own group, or the one whose leaf we were moved to: by another run that is still at it, maybe.
Level home_of(const Level& own) {
  const std::string leaf = std::string{"/"} + kLeaf;
  const bool moved = own.group.size() >= leaf.size() &&
                     own.group.compare(own.group.size() - leaf.size(), leaf.size(), leaf) == 0;
  return moved ? Level{parent_group(own.group), parent_group(own.directory)} : own;
}

class Finder {
 public:
  Finder(const Hierarchy& hierarchy, const CgroupView& view, const CgroupTree& tree)
      : hierarchy_(hierarchy),
        view_(view),
        tree_(tree),
        own_{hierarchy.group, hierarchy.directory_of(hierarchy.group).value_or("")},
        home_(home_of(own_)) {}

  GroupSite find();

 private:
  using OfferOrRefusal = std::variant<Offer, Refusal>;

  std::optional<Refusal> unusable() const;
  GroupSite find_given() const;
  GroupSite find_ancestor();
  GroupSite find_leaf() const;
  bool consider(const Level& level, GroupSite& best);
  std::optional<Level> above(const Level& level);
  void refuse(const Refusal& refusal) {
    if (!nearest_refusal_) nearest_refusal_ = refusal;
  }
  OfferOrRefusal offer_of(const Level& level) const;
  std::vector<std::string> addable(const Level& level, const Offer& offer) const;
  Refusal missing(Level level, std::string_view controller) const;
  std::optional<Refusal> cannot_use(const Level& level) const;
  bool is_delegated() const;
  GroupSite make_site(const Level& level, const Offer& offer) const;
  GroupSite no_site(const Refusal& refusal) const;

  const Hierarchy& hierarchy_;
  const CgroupView& view_;
  const CgroupTree& tree_;
  const Level own_;
  const Level home_;
  std::optional<Refusal> nearest_refusal_{};
};

std::optional<Refusal> Finder::unusable() const {
  if (!hierarchy_.mounted()) return Refusal{Why::not_mounted};
  if (own_.directory.empty()) return Refusal{Why::not_shown, hierarchy_.mount_point};
  if (hierarchy_.read_only) return Refusal{Why::read_only, hierarchy_.mount_point};
  return std::nullopt;
}

std::optional<Refusal> Finder::cannot_use(const Level& level) const {
  const auto owner = tree_.owner(level.directory).value_or(0);
  if (!tree_.writable(level.directory)) return Refusal{Why::not_writable, level.group, owner};
  const std::string type = tree_.read(level.directory + "/cgroup.type").value_or("domain\n");
  if (type != "domain\n") return Refusal{Why::threaded, level.group};
  // Moving a process takes the right to write to the common ancestor's cgroup.procs.
  const auto shared = hierarchy_.directory_of(common_ancestor(own_.group, level.group));
  if (!shared || !tree_.writable(*shared + "/cgroup.procs")) {
    const std::string place = shared.value_or(hierarchy_.mount_point);
    return Refusal{Why::cannot_move, place, tree_.owner(place + "/cgroup.procs").value_or(0)};
  }
  return std::nullopt;
}

// Other people's groups are left as they are: only the root group and our own are changed.
std::vector<std::string> Finder::addable(const Level& level, const Offer& offer) const {
  std::vector<std::string> more;
  const bool root_group = is_root_group(tree_, level.directory);
  if (!root_group && tree_.owner(level.directory) != view_.uid) return more;
  if (!tree_.writable(level.directory + "/cgroup.subtree_control")) return more;
  if (!root_group && holds_processes(tree_, level.directory)) return more;
  for (std::string& name : wanted_in(tree_, level.directory + "/cgroup.controllers")) {
    if (!contains(offer.enabled, name)) more.push_back(std::move(name));
  }
  return more;
}

Finder::OfferOrRefusal Finder::offer_of(const Level& level) const {
  if (auto refusal = cannot_use(level)) return *refusal;
  Offer offer;
  offer.enabled = wanted_in(tree_, level.directory + "/cgroup.subtree_control");
  if (offer.enabled.size() < std::size(kWanted)) offer.addable = addable(level, offer);
  if (offer.empty()) return missing(level, "memory");
  return offer;
}

// The level whose subtree_control has to change is the lowest one that has the controller itself.
Refusal Finder::missing(Level level, std::string_view controller) const {
  for (;;) {
    const auto offered = wanted_in(tree_, level.directory + "/cgroup.controllers");
    const std::string parent = parent_group(level.group);
    const auto directory = hierarchy_.directory_of(parent);
    if (contains(offered, controller)) return {Why::not_enabled, level.directory};
    if (is_root_group(tree_, level.directory)) return {Why::absent};
    if (parent == level.group || !directory) return {Why::not_given, level.group};
    level = {parent, *directory};
  }
}

GroupSite Finder::make_site(const Level& level, const Offer& offer) const {
  GroupSite site;
  site.layout = Layout::v2;
  GroupPlace place{offer.enabled, level.directory, own_.group, level.group};
  place.controllers.insert(place.controllers.end(), offer.addable.begin(), offer.addable.end());
  site.places.push_back(std::move(place));
  site.to_enable = offer.addable;
  Refusals refusals{Layout::v2, view_.uid};
  for (const char* name : kWanted) {
    if (offer.gives(name)) continue;
    refusals.add(name, missing(level, name));
  }
  refusals.explain(site);
  return site;
}

GroupSite Finder::no_site(const Refusal& refusal) const {
  Refusals refusals{Layout::v2, view_.uid};
  refusals.add_all(refusal);
  GroupSite site;
  refusals.explain(site);
  return site;
}

// Keeps the level where it gives more than what was found below it. True: look no further.
bool Finder::consider(const Level& level, GroupSite& best) {
  const OfferOrRefusal looked = offer_of(level);
  if (const auto* refusal = std::get_if<Refusal>(&looked)) {
    refuse(*refusal);
    return false;
  }
  const Offer& offer = std::get<Offer>(looked);
  const bool all = offer.enabled.size() + offer.addable.size() == std::size(kWanted);
  const bool more_caps = offer.gives("memory") && !best.has("memory");
  if (all || more_caps || best.layout == Layout::none) best = make_site(level, offer);
  return all;
}

// nullopt at the top, and where a group above would not be under a limit of this one.
std::optional<Level> Finder::above(const Level& level) {
  Level parent{parent_group(level.group), {}};
  const auto directory = hierarchy_.directory_of(parent.group);
  if (parent.group == level.group || !directory) return std::nullopt;
  const std::string limit = own_limit_file(tree_, level.directory);
  if (!limit.empty()) {
    refuse({Why::own_limit, level.group, 0, limit});
    return std::nullopt;
  }
  parent.directory = *directory;
  return parent;
}

// The nearest that gives all, else the nearest that gives memory, else the nearest.
GroupSite Finder::find_ancestor() {
  GroupSite best;
  std::optional<Level> level = own_;
  if (!is_root_group(tree_, own_.directory)) level = above(own_);
  while (level && !consider(*level, best)) level = above(*level);
  return best;
}

// Given away to us: by uid, by a container's private cgroup namespace, or by systemd's word.
bool Finder::is_delegated() const {
  for (const char* file : {"", "/cgroup.procs", "/cgroup.subtree_control"}) {
    if (!tree_.writable(home_.directory + file)) return false;
  }
  if (view_.uid != 0) return tree_.owner(home_.directory) == view_.uid;
  return home_.group == "/" || tree_.marked_delegated(home_.directory);
}

GroupSite Finder::find_leaf() const {
  Offer offer;
  offer.addable = wanted_in(tree_, home_.directory + "/cgroup.controllers");
  if (offer.empty()) return no_site(missing(home_, "memory"));
  GroupSite site = make_site(home_, offer);
  site.move_to_leaf = true;
  return site;
}

GroupSite Finder::find_given() const {
  const auto group = hierarchy_.group_of(view_.sandbox_cgroup);
  if (!group) return no_site({Why::not_a_group, view_.sandbox_cgroup});
  const Level level{*group, hierarchy_.directory_of(*group).value_or("")};
  if (!tree_.read(level.directory + "/cgroup.controllers")) {
    return no_site({Why::not_a_group, view_.sandbox_cgroup, 0, level.directory});
  }
  const OfferOrRefusal looked = offer_of(level);
  if (const auto* offer = std::get_if<Offer>(&looked)) return make_site(level, *offer);
  if (level.group == home_.group && is_delegated()) return find_leaf();
  return no_site(std::get<Refusal>(looked));
}

GroupSite Finder::find() {
  if (const auto refusal = unusable()) return no_site(*refusal);
  if (!view_.sandbox_cgroup.empty()) return find_given();
  GroupSite site = find_ancestor();
  if (site.layout == Layout::none && is_delegated()) site = find_leaf();
  if (site.layout != Layout::none) return site;
  const Refusal own{Why::not_writable, own_.group, tree_.owner(own_.directory).value_or(0)};
  if (!tree_.writable(own_.directory)) return no_site(own);
  return no_site(nearest_refusal_.value_or(own));
}

}  // namespace

GroupSite find_site_v2(const CgroupView& view, const CgroupTree& tree) {
  const auto hierarchy = v2_hierarchy(view);
  if (hierarchy) return Finder{*hierarchy, view, tree}.find();
  GroupSite site;
  Refusals refusals{Layout::none, view.uid};
  refusals.add_all({Why::not_mounted});
  refusals.explain(site);
  return site;
}

}  // namespace sandbox
