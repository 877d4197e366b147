// What is asked of a spawner, and its answer, as bytes.
#pragma once

#include <string>
#include <string_view>

#include "report/report.h"
#include "spawner/wire.h"

namespace sandbox::wire {

// All of it, unlike the policy of a report.
std::string encode(const Policy& policy, const Caller& caller);

// Throws Error for what is no such message, or comes from a library of another version or build.
void decode(std::string_view bytes, const char* version, Policy& policy, Caller& caller);

// All of it, unlike its JSON.
std::string encode(const Report& report);

// Of a library that may be another: as JSON, which every version reads.
std::string encode_for_all(const Report& report);

// Either. Throws Error.
Report decode_report(std::string_view bytes);

}  // namespace sandbox::wire
