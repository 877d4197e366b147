// What the calls need to know of the host, and nothing else.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace floor_bench {

struct Mount {
  std::string root;  // of the mount within its file system
  std::string point;
  std::string type;
  std::string options;  // of the super block: "rw,memory"
};

struct GroupPlace {
  std::string controller;  // of v1; empty: v2
  std::string directory;   // where a group can be made
};

struct Host {
  bool root = false;
  uid_t uid_inside = 0, gid_inside = 0;
  uid_t uid_outside = 0, gid_outside = 0;
  std::string cwd;
  std::string home;
  std::vector<Mount> mounts;
  std::vector<GroupPlace> groups;
};

// The folders that the test gets empty and writable.
inline constexpr const char* kFreshPlaces[] = {"/dev/shm", "/home",    "/root",
                                               "/run",     "/var/tmp", "/tmp"};

bool is_within(const std::string& path, const std::string& place);
bool is_fresh(const std::string& path);

Host read_host();

}  // namespace floor_bench
