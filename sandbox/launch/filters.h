// The filters that a test is started under.
#pragma once

#include <linux/filter.h>

#include <span>
#include <vector>

#include "plan/plan.h"
#include "seccomp/profile.h"

namespace sandbox {

// The default filter is ready; one with --allow is built here.
class Filters {
 public:
  explicit Filters(const Plan& plan) {
    if (plan.allow.empty()) return;
    watched_ = build_filter(plan.allow, KillWatch::on);
    unwatched_ = build_filter(plan.allow, KillWatch::off);
  }
  std::span<const sock_filter> watched() const {
    return watched_.empty() ? standard_filter(KillWatch::on) : watched_;
  }
  std::span<const sock_filter> unwatched() const {
    return unwatched_.empty() ? standard_filter(KillWatch::off) : unwatched_;
  }

 private:
  std::vector<sock_filter> watched_;
  std::vector<sock_filter> unwatched_;
};

}  // namespace sandbox
