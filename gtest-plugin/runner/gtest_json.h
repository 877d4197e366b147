// gtest's XML as gtest's JSON.
#pragma once

#include <pugixml.hpp>
#include <string>

namespace sandbox::runner {

// The same elements under JSON's names; bytes that are no UTF-8 are replaced.
std::string gtest_json_of(const pugi::xml_document& document);

}  // namespace sandbox::runner
