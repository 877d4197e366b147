#include "runner/gtest_xml.h"

namespace sandbox::runner {

std::shared_ptr<const GtestXml> GtestXml::parse(std::string_view text) {
  auto xml = std::make_shared<GtestXml>();
  if (!xml->document_.load_buffer(text.data(), text.size())) return nullptr;
  if (std::string_view{xml->root().name()} != "testsuites") return nullptr;
  for (const pugi::xml_node suite : xml->root().children("testsuite")) {
    for (const pugi::xml_node test : suite.children("testcase"))
      xml->tests_[{suite.attribute("name").value(), test.attribute("name").value()}] = test;
  }
  return xml;
}

pugi::xml_node GtestXml::find(const std::string& suite, const std::string& name) const {
  const auto found = tests_.find({suite, name});
  return found == tests_.end() ? pugi::xml_node{} : found->second;
}

}  // namespace sandbox::runner
