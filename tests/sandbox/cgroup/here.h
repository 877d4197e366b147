// The site of this process and small readers, for tests on real groups.
#pragma once

#include <sys/mman.h>
#include <sys/stat.h>

#include <cstring>
#include <string>

#include "cgroup/group.h"
#include "cgroup/site.h"
#include "sys/files.h"

namespace sandbox::testing {

inline constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

inline GroupSite site_here() {
  return prepare_site(find_site(read_cgroup_view()));
}

inline const GroupPlace& place_of(const GroupSite& site, const char* controller) {
  for (const GroupPlace& place : site.places) {
    for (const std::string& name : place.controllers) {
      if (name == controller) return place;
    }
  }
  return site.places.front();
}

// Unique among the tests that run at the same time.
inline std::string run_id(const std::string& test) {
  return "test-" + test + "-" + std::to_string(::getpid());
}

// The group's directory beneath the place of `controller`.
inline std::string directory_of(const GroupSite& site, const Group& group, const char* controller) {
  const std::string parent = place_of(site, controller).directory + "/";
  for (const std::string& directory : group.directories()) {
    if (directory.substr(0, parent.size()) == parent) return directory;
  }
  return {};
}

// The site that a program inside `outer`, which was made at `site`, would have if it were root.
inline GroupSite site_within(const GroupSite& site, const Group& outer) {
  GroupSite inner = site;
  for (std::size_t i = 0; i < inner.places.size(); ++i) {
    GroupPlace& place = inner.places[i];
    const std::string below = outer.directories()[i].substr(place.directory.size());
    place.directory += below;
    place.group = (place.group == "/" ? "" : place.group) + below;
    place.path = place.group;
    if (site.layout == Layout::v2) inner.to_enable = place.controllers;
  }
  return inner;
}

// A site of the test's own: other runs on this host remove what is stale in the common one.
struct OwnGround {
  explicit OwnGround(const std::string& test)
      : outer(Group::create(site_here(), {}, run_id(test), false)),
        site(site_within(site_here(), outer)) {}

  Group outer;
  GroupSite site;
};

// Without the final newline; "?" where there is no such file.
inline std::string text_of(const std::string& path) {
  std::string text = read_file(path).value_or("?");
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

inline bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

// Touches that much anonymous memory and keeps it.
inline void touch(std::uint64_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory != MAP_FAILED) std::memset(memory, 1, bytes);
}

inline Limits memory_cap(std::uint64_t bytes) {
  Limits limits;
  limits.memory = Bytes{bytes};
  return limits;
}

}  // namespace sandbox::testing
