// Bytes from outside (arguments, paths, process names) made fit for a terminal;
// words for signals and times.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace sandbox {

// Every control character but '\n' becomes '?'.
std::string without_controls(std::string_view text);

// '\n' too, so that no name can forge a line of a log.
std::string one_line(std::string_view text);

// RFC 3339, UTC, milliseconds: "2026-01-02T03:04:05.678Z".
std::string timestamp(std::chrono::system_clock::time_point at);

// "SIGKILL"; "signal 40" for a number without a name.
std::string signal_name(int signal);

}  // namespace sandbox
