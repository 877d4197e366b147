// All TESTs of all sandboxes in gtest's own XML and JSON (--gtest_output), as one program that ran
// them all would have written it.
#pragma once

#include <string>

#include "runner/result.h"

namespace sandbox::runner {

// What gtest wrote of a TEST is taken as it is. A TEST that died has a failure with the reason, one
// that never ran has status "notrun". An end that no TEST is to blame for is a failure of the suite
// "NonTestSuiteFailure", where gtest has its own.
std::string gtest_xml_text(const SuiteResult& suite);
std::string gtest_json_text(const SuiteResult& suite);

}  // namespace sandbox::runner
