// The groups with the caps: v1's (a directory a hierarchy) or v2's one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host.h"

namespace floor_bench {

struct Caps {
  std::uint64_t memory_bytes = 1ULL << 30;
  unsigned cpus = 2;
  unsigned pids = 512;
};

struct Group {
  std::string controller;
  std::string directory;
  int fd = -1;        // the directory
  int tasks_fd = -1;  // v1: to join by
};

std::vector<Group> make_groups(const std::vector<GroupPlace>& places, const Caps& caps);

// In the process that joins. v2's is joined by the clone.
void join_groups(const std::vector<Group>& groups);

// Reads what a report would tell: usage, peak, events. The bytes read.
std::size_t read_counters(const std::vector<Group>& groups);

void remove_groups(const std::vector<Group>& groups);

}  // namespace floor_bench
