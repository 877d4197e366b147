// The file of --env-file: NAME=VALUE a line, as `docker run --env-file` reads it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "policy/world.h"

namespace sandbox {

using Variables = std::vector<std::pair<std::string, std::string>>;

// Lines that are blank or begin with '#' are skipped; a value is taken to the end of its line,
// quotes and all; NAME alone takes the caller's value, or nothing where the caller has none. Throws
// Error "<word>: …" with every bad line, never with a value. `word` is the user's own for the file.
Variables read_env_file(const std::string& word, const std::string& path, const World& world);

// What is wrong with the name of a variable; "" when nothing is.
std::string name_problem(const std::string& name);

}  // namespace sandbox
