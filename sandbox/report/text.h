// Bytes from outside (arguments, paths, process names) made fit for a terminal.
#pragma once

#include <string>
#include <string_view>

namespace sandbox {

// Every control character but '\n' becomes '?'.
std::string without_controls(std::string_view text);

// '\n' too, so that no name can forge a line of a log.
std::string one_line(std::string_view text);

// "SIGKILL"; "signal 40" for a number without a name.
std::string signal_name(int signal);

}  // namespace sandbox
