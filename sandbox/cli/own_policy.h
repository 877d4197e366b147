// The policy file that is read without being asked for.
#pragma once

#include <string>

#include "policy/world.h"

namespace sandbox {

// The file that $SANDBOX_POLICY names, or .sandbox.json beside the .git of the outermost work tree
// above cwd; "" where there is none. $HOME and / are no work trees here. A file can lower every
// wall, so another user's is not taken: only what belongs to the caller, to root or to the owner of
// cwd. Throws Error for a .sandbox.json of somebody else in a work tree of the caller's own.
std::string own_policy_file(const World& world);

}  // namespace sandbox
