#include "policy/policy_file.h"

#include <algorithm>
#include <map>
#include <utility>

#include "policy/json_scan.h"
#include "policy/nearest.h"
#include "policy/settings.h"

namespace sandbox {
namespace {

// RFC 6901, one level: "/bind".
std::string pointer_to(const std::string& key) {
  std::string pointer = "/";
  for (const char c : key) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
  return shown(pointer);
}

std::string wanted(const Setting& setting) {
  switch (setting.kind) {
    case ValueKind::flag:
      return "true or false";
    case ValueKind::word:
      return "a string";
    case ValueKind::number:
      return "a whole number";
    case ValueKind::quantity:
      return "a string or a number";
  }
  return {};
}

bool fits(ValueKind kind, JsonType type) {
  switch (kind) {
    case ValueKind::flag:
      return type == JsonType::boolean;
    case ValueKind::word:
      return type == JsonType::string;
    case ValueKind::number:
      return type == JsonType::number;
    case ValueKind::quantity:
      return type == JsonType::string || type == JsonType::number;
  }
  return false;
}

std::string type_name(JsonType type) {
  switch (type) {
    case JsonType::null:
      return "null";
    case JsonType::boolean:
      return "a boolean";
    case JsonType::number:
      return "a number";
    case JsonType::string:
      return "a string";
    case JsonType::list:
      return "a list";
    case JsonType::object:
      return "an object";
  }
  return {};
}

// Turns the members of one policy file into assignments, noting every problem.
class Reader {
 public:
  Reader(std::string name, Problems& problems) : name_(std::move(name)), problems_(problems) {
    for (const Setting& setting : settings()) keys_.push_back(key_of(setting));
  }

  void read(const JsonMember& member) {
    const Setting* setting = known(member);
    if (!setting || is_repeated(member)) return;
    const std::string pointer = pointer_to(member.key);
    if (setting->repeat == Repeat::list) {
      read_list(*setting, member.value, pointer);
    } else {
      read_value(*setting, member.value, pointer);
    }
  }

  std::string at(std::size_t line) const { return name_ + ":" + std::to_string(line) + ": "; }
  const std::vector<Assignment>& assignments() const { return assignments_; }

 private:
  const Setting* known(const JsonMember& member) {
    for (std::size_t i = 0; i < keys_.size(); ++i)
      if (keys_[i] == member.key) return &settings()[i];
    const std::vector<std::string_view> names(keys_.begin(), keys_.end());
    const std::string nearest = nearest_name(member.key, names);
    problems_.add(at(member.line) + pointer_to(member.key) + ": unknown key" +
                  (nearest.empty() ? "" : "; did you mean " + nearest + "?"));
    return nullptr;
  }

  bool is_repeated(const JsonMember& member) {
    const auto [first, is_new] = lines_.emplace(member.key, member.line);
    if (!is_new)
      problems_.add(at(member.line) + pointer_to(member.key) + ": given before, on line " +
                    std::to_string(first->second));
    return !is_new;
  }

  void read_list(const Setting& setting, const JsonValue& value, const std::string& pointer) {
    if (value.type != JsonType::list) {
      problems_.add(at(value.line) + pointer + ": wants a list (each " + wanted(setting) +
                    "), not " + type_name(value.type));
      return;
    }
    for (std::size_t i = 0; i < value.items.size(); ++i)
      read_value(setting, value.items[i], pointer + "/" + std::to_string(i));
  }

  void read_value(const Setting& setting, const JsonValue& value, const std::string& pointer) {
    const std::string place = at(value.line) + pointer + ": ";
    if (!fits(setting.kind, value.type)) {
      problems_.add(place + "wants " + wanted(setting) + ", not " + type_name(value.type));
    } else if (value.text.find('\0') != std::string::npos) {
      problems_.add(place + "it has a zero byte in it");
    } else {
      assignments_.push_back({&setting, value.text, place});
    }
  }

  std::string name_;
  Problems& problems_;
  std::vector<std::string> keys_;
  std::map<std::string, std::size_t> lines_;
  std::vector<Assignment> assignments_;
};

}  // namespace

void apply_policy_text(Policy& policy, const PolicyText& source, const World& world,
                       Problems& problems) {
  const std::string name = shown(source.name);
  Reader reader{name, problems};
  const JsonScan scan = scan_json_object(source.text);
  if (scan.fault)
    problems.add(reader.at(scan.fault->line) + "not a JSON object: " + scan.fault->what);
  for (const JsonMember& member : scan.members)
    if (!problems.full()) reader.read(member);
  apply_all(policy, reader.assignments(), world, source.base, problems);
}

void apply_policy_file(Policy& policy, const std::string& path, const std::string& name,
                       const World& world, Problems& problems) {
  const FileText file = world.read(path);
  if (file.error != 0) {
    problems.add("", Error{"cannot read the policy file " + shown(name), file.error});
    return;
  }
  const std::string folder = path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
  apply_policy_text(policy, {file.text, name, folder}, world, problems);
  policy.policy_files.push_back(path);
}

}  // namespace sandbox
