// The XML that a GoogleTest program writes when all its TESTs have run.
#pragma once

#include <map>
#include <memory>
#include <pugixml.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace sandbox::runner {

class GtestXml {
 public:
  // Null where it is none, or not whole.
  static std::shared_ptr<const GtestXml> parse(std::string_view text);

  pugi::xml_node root() const { return document_.document_element(); }
  // Empty: it has none.
  pugi::xml_node find(const std::string& suite, const std::string& name) const;

 private:
  pugi::xml_document document_{};
  std::map<std::pair<std::string, std::string>, pugi::xml_node> tests_{};
};

}  // namespace sandbox::runner
