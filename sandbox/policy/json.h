// The effective Policy as JSON, for the report.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "policy/policy.h"

namespace sandbox {

// The effective policy for the report: units in the names, null for no cap, and of --setenv names
// only. Strings may hold bytes that are not UTF-8: dump with error_handler_t::replace.
nlohmann::ordered_json policy_to_json(const Policy& policy);

}  // namespace sandbox
