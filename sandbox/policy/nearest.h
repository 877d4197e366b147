// The valid name that a mistyped one was probably meant to be.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sandbox {

// The first of `names` with the fewest edits (insert, delete, replace, swap neighbours) from
// `word`, where these are few for its length; else the first that begins with `word`; else "".
// Upper and lower case,
// '-' and '_' count as equal.
std::string nearest_name(std::string_view word, std::span<const std::string_view> names);

}  // namespace sandbox
