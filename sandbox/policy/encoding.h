// Bytes from outside (arguments, paths, process names) made fit for JSON and XML.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sandbox {

// RFC 3629.
bool is_utf8(std::string_view bytes);

// Equal to `bytes` where they are valid UTF-8; else with U+FFFD for each byte that is not.
std::string to_utf8(std::string_view bytes);

// XML takes no control characters but these: tab, newline, carriage return. UTF-8, as to_utf8().
std::string for_xml(std::string_view bytes);

// RFC 4648, section 4, with padding.
std::string base64(std::string_view bytes);

// The inverse; nullopt for any other text.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace sandbox
