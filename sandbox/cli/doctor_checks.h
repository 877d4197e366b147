// What a full run needs, decided from the facts of a host: pure.
#pragma once

#include <string>
#include <vector>

#include "cli/host_facts.h"

namespace sandbox {

struct Fix {
  std::string where{};  // "Docker", "GitHub Actions"; "here": found out on this host
  std::string text{};   // a command or a setting, to be copied
};

// useful: a run works without it, less well.
enum class Importance { needed, useful };

struct Check {
  std::string name{};   // "user-namespaces"
  std::string place{};  // id-mapped-mounts: the folder tried
  Importance importance = Importance::needed;
  bool ok = false;
  std::string why{};         // what was found
  std::string without{};     // not ok: what a run then lacks
  std::vector<Fix> fixes{};  // not ok; those for the place we are in come first
};

std::vector<Check> check_host(const HostFacts& facts);

// Everything needed is there.
bool full_run_possible(const std::vector<Check>& checks);

const char* where_name(Where where);

}  // namespace sandbox
