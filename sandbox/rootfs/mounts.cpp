#include "rootfs/mounts.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "rootfs/paths.h"
#include "sys/files.h"

namespace sandbox {
namespace {

constexpr int kNoMount = -1;  // stands for the parent of every mount whose parent is not listed

// Marks what a walk from the root can reach. Parent and mount point decide, not the order of the
// lines: a moved mount stands anywhere in the list.
class Reach {
 public:
  explicit Reach(const std::vector<MountPoint>& all) : all_(all), reached_(all.size()) {
    std::unordered_set<int> ids;
    for (const MountPoint& mount : all) ids.insert(mount.id);
    for (size_t i = 0; i < all.size(); ++i) {
      const bool top = all[i].parent == all[i].id || !ids.contains(all[i].parent);
      children_[top ? kNoMount : all[i].parent].push_back(i);
    }
    for (size_t index : uncovered_children(kNoMount)) visit(index);
  }

  bool reached(size_t index) const { return reached_[index]; }

 private:
  void visit(size_t index) {
    const std::vector<size_t> children = uncovered_children(all_[index].id);
    reached_[index] = children.empty() || all_[children.front()].point != all_[index].point;
    for (size_t child : children) visit(child);
  }

  // A child below another child's point is covered by it; of two on one point the later one is
  // seen.
  std::vector<size_t> uncovered_children(int parent) {
    std::vector<size_t> sorted = std::move(children_[parent]);
    std::stable_sort(sorted.begin(), sorted.end(), [this](size_t a, size_t b) {
      return component_order(all_[a].point, all_[b].point);
    });
    std::vector<size_t> kept;
    for (size_t index : sorted) {
      if (!kept.empty() && all_[kept.back()].point == all_[index].point) {
        kept.back() = index;
      } else if (kept.empty() || !is_within(all_[index].point, all_[kept.back()].point)) {
        kept.push_back(index);
      }
    }
    return kept;
  }

  const std::vector<MountPoint>& all_;
  std::vector<bool> reached_;
  std::unordered_map<int, std::vector<size_t>> children_;
};

}  // namespace

std::vector<MountPoint> visible_mounts(const std::vector<MountPoint>& all) {
  const Reach reach{all};
  std::vector<MountPoint> visible;
  for (size_t i = 0; i < all.size(); ++i) {
    if (reach.reached(i)) visible.push_back(all[i]);
  }
  return visible;
}

const MountPoint* mount_of(const std::vector<MountPoint>& visible, std::string_view path) {
  const MountPoint* nearest = nullptr;
  for (const MountPoint& mount : visible) {
    if (!is_within(path, mount.point)) continue;
    if (!nearest || mount.point.size() >= nearest->point.size()) nearest = &mount;
  }
  return nearest;
}

}  // namespace sandbox
