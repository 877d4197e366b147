// The places on the host that a sandbox's mounts come from and lie on.
#pragma once

#include <string>
#include <vector>

#include "plan/plan.h"
#include "sys/unique_fd.h"

namespace sandbox {

class Places {
 public:
  // Holds what is there now, so that nothing later is taken for it: a file system uses the number
  // of a removed file again. Throws Error where it cannot be held.
  explicit Places(const Plan& plan);

  // Whether each is there, and the same. What lies in a folder is not looked at.
  bool are_the_same() const;

 private:
  struct Place {
    std::string path{};
    SourceIdentity seen{};
    UniqueFd held{};
  };
  void add(const std::string& path, bool must_exist);

  std::vector<Place> places_{};
  bool missing_ = false;
};

}  // namespace sandbox
