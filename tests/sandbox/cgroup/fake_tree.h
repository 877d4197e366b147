// A cgroup file system made of texts.
#pragma once

#include <map>
#include <string>

#include "cgroup/tree.h"

namespace sandbox::testing {

struct FakeGroup {
  std::string controllers{};
  std::string subtree_control{};
  std::string procs{};
  std::string type = "domain\n";  // empty: the root group, which has no such file
  uid_t owner = 0;
  bool writable = true;
  bool marked_delegated = false;
  std::map<std::string, std::string> limits{};  // "memory.max" → "max\n"
};

class FakeTree final : public CgroupTree {
 public:
  FakeTree& add(const std::string& directory, FakeGroup group) {
    groups_[directory] = std::move(group);
    return *this;
  }

  std::optional<std::string> read(const std::string& path) const override {
    const FakeGroup* group = find(parent(path));
    if (!group) return std::nullopt;
    const std::string file = path.substr(path.rfind('/') + 1);
    if (file == "cgroup.controllers") return group->controllers;
    if (file == "cgroup.subtree_control") return group->subtree_control;
    if (file == "cgroup.procs") return group->procs;
    if (file == "cgroup.type" && !group->type.empty()) return group->type;
    const auto limit = group->limits.find(file);
    if (limit == group->limits.end()) return std::nullopt;
    return limit->second;
  }

  bool writable(const std::string& path) const override {
    const FakeGroup* group = holder(path);
    return group && group->writable;
  }

  std::optional<uid_t> owner(const std::string& path) const override {
    const FakeGroup* group = holder(path);
    if (!group) return std::nullopt;
    return group->owner;
  }

  bool marked_delegated(const std::string& path) const override {
    const FakeGroup* group = find(path);
    return group && group->marked_delegated;
  }

 private:
  static std::string parent(const std::string& path) { return path.substr(0, path.rfind('/')); }
  const FakeGroup* find(const std::string& directory) const {
    const auto group = groups_.find(directory);
    return group == groups_.end() ? nullptr : &group->second;
  }
  // Of a directory or of a file in it.
  const FakeGroup* holder(const std::string& path) const {
    const FakeGroup* group = find(path);
    return group ? group : find(parent(path));
  }

  std::map<std::string, FakeGroup> groups_{};
};

}  // namespace sandbox::testing
