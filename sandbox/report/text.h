// Bytes from outside (arguments, paths, process names) made fit for JSON and for a terminal.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sandbox {

// Equal to `bytes` where they are valid UTF-8 (RFC 3629); else with U+FFFD for each byte that is
// not.
std::string to_utf8(std::string_view bytes);

// RFC 4648, section 4, with padding.
std::string base64(std::string_view bytes);

// The inverse; nullopt for any other text.
std::optional<std::string> from_base64(std::string_view text);

// Every control character but '\n' becomes '?'.
std::string without_controls(std::string_view text);

// '\n' too, so that no name can forge a line of a log.
std::string one_line(std::string_view text);

// "SIGKILL"; "signal 40" for a number without a name.
std::string signal_name(int signal);

}  // namespace sandbox
