// Paths as the user wrote them, made absolute.
#pragma once

#include <string>
#include <string_view>

#include "policy/world.h"

namespace sandbox {

// A place inside: `path` against `base`, without ".", ".." and doubled slashes, by the text alone.
// Throws Error when empty, or relative and `base` is empty.
std::string inside_path(std::string_view path, std::string_view base);

// A place on the host: the same, except that ".." is taken as the kernel takes it, after symlinks.
std::string host_path(std::string_view path, std::string_view base, const World& world);

// What to say about "~" and "~/…", which a shell leaves alone in the middle of a word; else "".
std::string tilde_hint(std::string_view path);

}  // namespace sandbox
