#include "cli/doctor_print.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "report/text.h"

namespace sandbox {
namespace {

constexpr const char* kIndent = "     ";

std::string heading(const Check& check) {
  return check.place.empty() ? check.name : check.name + " " + check.place;
}

std::string who(const HostFacts& facts) {
  if (facts.uid == 0)
    return facts.privileged ? "root" : "root without CAP_SYS_ADMIN, as in a container";
  return "uid " + std::to_string(facts.uid);
}

std::string conclusion(const HostFacts& facts, const std::vector<Check>& checks) {
  std::string missing;
  for (const Check& check : checks)
    if (!check.ok && check.importance == Importance::needed)
      missing += (missing.empty() ? "" : ", ") + heading(check);
  const std::string here = "as " + who(facts) + " on Linux " + facts.kernel;
  if (missing.empty()) return "A full run is possible here, " + here + ".\n";
  return "A full run is not possible here, " + here + ": it lacks " + missing +
         ".\n--best-effort runs with what there is, --isolation=none without namespaces.\n";
}

std::string line_text(const Check& check, std::size_t width) {
  std::string name = heading(check);
  name.resize(std::max(width, name.size()), ' ');
  return std::string{check.ok ? "yes  " : "no   "} + name + "  " + check.why + "\n";
}

std::string advice_text(const Check& check) {
  std::string text;
  if (!check.without.empty()) text += kIndent + ("without it: " + check.without) + "\n";
  for (const Fix& fix : check.fixes) text += kIndent + (fix.where + ": " + fix.text) + "\n";
  return text;
}

nlohmann::ordered_json check_json(const Check& check) {
  nlohmann::ordered_json json;
  json["name"] = check.name;
  if (!check.place.empty()) json["place"] = check.place;
  json["ok"] = check.ok;
  json["needed"] = check.importance == Importance::needed;
  json["why"] = check.why;
  if (!check.without.empty()) json["without"] = check.without;
  json["fixes"] = nlohmann::ordered_json::array();
  for (const Fix& fix : check.fixes)
    json["fixes"].push_back({{"where", fix.where}, {"fix", fix.text}});
  return json;
}

}  // namespace

std::string doctor_text(const HostFacts& facts, const std::vector<Check>& checks) {
  std::size_t width = 0;
  for (const Check& check : checks) width = std::max(width, check.name.size());
  std::string text = conclusion(facts, checks) + "\n";
  std::string advised;  // id-mapped-mounts: the same advice for every place
  for (const Check& check : checks) {
    text += line_text(check, width);
    if (check.ok || check.name == advised) continue;
    text += advice_text(check);
    advised = check.name;
  }
  return without_controls(text);
}

std::string doctor_json(const HostFacts& facts, const std::vector<Check>& checks) {
  nlohmann::ordered_json json;
  json["schema"] = "sandbox-doctor/1";
  json["full_run"] = full_run_possible(checks);
  json["kernel"] = facts.kernel;
  json["uid"] = facts.uid;
  json["privileged"] = facts.privileged;
  json["where"] = nlohmann::ordered_json::array();
  for (const Where where : facts.where) json["where"].push_back(where_name(where));
  json["checks"] = nlohmann::ordered_json::array();
  for (const Check& check : checks) json["checks"].push_back(check_json(check));
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace sandbox
