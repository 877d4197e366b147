// The effective Policy as JSON, for the report.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "policy/policy.h"

namespace sandbox {

// The effective policy for the report: units in the names, null for no cap, and of --setenv names
// only. Strings may hold bytes that are not UTF-8: dump with error_handler_t::replace.
nlohmann::ordered_json policy_to_json(const Policy& policy);

// The inverse. Not carried, and left at their defaults: the command, the values of --setenv (its
// names get empty ones), Limits::pids_asked, Mount::words. Times are rounded to milliseconds, as a
// Policy has them. Unknown keys are ignored, missing ones leave the default. Throws Error
// "/key: <what it wants>" for a value of a wrong kind or a word that is none of a key's.
Policy policy_from_json(const nlohmann::ordered_json& json);

}  // namespace sandbox
