// Sizes, times and counts as people write them, and back.
// Every parse function takes the whole word and throws Error "<word>: <problem>" with a hint: on an
// empty word, blanks, a sign, an exponent, NaN, an unknown unit, overflow.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "policy/policy.h"

namespace sandbox {

inline constexpr std::chrono::milliseconds kLongestTime = std::chrono::hours{100 * 365 * 24};
inline constexpr double kLeastCpus = 0.01;  // the kernel's smallest quota in its usual period
inline constexpr std::uint64_t kMostCpus = 100'000;

// "256M", "1.5G": K M G T are powers of 1024, with or without iB; KB MB GB TB powers of 1000;
// without a unit, bytes. Upper and lower case are equal. At most 2^63 - 1, the kernel's own
// largest.
Bytes parse_bytes(std::string_view text);

// As parse_bytes, for caps on memory: nothing is refused, and so is less than 1 MiB written without
// a unit, with the unit that was probably meant.
Bytes parse_memory(std::string_view text);

// "30" (seconds), "500ms", "1.5s", "2m", "1h". At most 100 years.
std::chrono::milliseconds parse_duration(std::string_view text);

// "2", "1.5": CPUs' worth of time, at least kLeastCpus.
double parse_cpus(std::string_view text);

// "0-2,5" or "auto". The CPUs ascend, none twice.
CpuSet parse_cpuset(std::string_view text);

// A whole decimal number.
std::uint64_t parse_number(std::string_view text, std::uint64_t least, std::uint64_t most);

// For messages: "256 MiB", "1.2 GiB", "512 bytes".
std::string format_bytes(std::uint64_t bytes);

// For messages: "30 s", "0.1 s", "0.004 s".
std::string format_seconds(double seconds);

}  // namespace sandbox
