// Policy files: JSON objects with the names of the flags.
#pragma once

#include <string>
#include <string_view>

#include "policy/policy.h"
#include "policy/words.h"
#include "policy/world.h"

namespace sandbox {

struct PolicyText {
  std::string_view text{};
  std::string name{};  // of the file, in messages
  std::string base{};  // its folder: relative paths are relative to it
};

// A policy file is one JSON object; its keys are the flags' names with '_' for '-'. What it says is
// set in `policy`, over what is there; lists are added to. Everything that is wrong is added to
// `problems`, as "policy.json:3: /memroy: unknown key; did you mean memory?"; then `policy` is of
// no use.
void apply_policy_text(Policy& policy, const PolicyText& source, const World& world,
                       Problems& problems);

// Reads the file at `path` (absolute; `name` is the user's own word for it), applies it and adds
// `path` to policy.policy_files.
void apply_policy_file(Policy& policy, const std::string& path, const std::string& name,
                       const World& world, Problems& problems);

}  // namespace sandbox
