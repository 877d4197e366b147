// One list of keys for both ways. A list is a generic lambda that names each key beside its field:
// `[](auto& keys, auto& mount) { keys.field("source", mount.source); }`. A KeyWriter writes
// JSON in that order, a KeyReader fills the fields from JSON.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "policy/choices.h"
#include "policy/json_values.h"

namespace sandbox {

// What stands after a key where its text is not all of it.
inline constexpr std::string_view kCompanion = "_base64";

class KeyWriter {
 public:
  // The object with all that `keys` names, as text.
  template <typename Record, typename Keys>
  static std::string written(const Record& record, Keys keys, JsonLayout layout) {
    KeyWriter writer{layout};
    writer.object(record, keys);
    return writer.json_.take();
  }

  template <typename T>
  void field(std::string_view key, const T& value) {
    json_.key(key);
    write_json(json_, value);
    bytes_beside(key, value);
  }

  // null where it is empty, or 0: then it is unknown.
  template <typename T>
  void unless_empty(std::string_view key, const T& value) {
    if (value == T{}) return field(key, nullptr);
    field(key, value);
  }

  // A field with a form of its own: Form::write(keys, key, value) writes it with the functions of
  // this class, Form::read(json, value) reads it.
  template <typename Form, typename T>
  void in_form(std::string_view key, const T& value) {
    Form::write(*this, key, value);
  }

  template <typename E, std::size_t N>
  void word(std::string_view key, const std::array<Choice<E>, N>& choices, E value) {
    field(key, choice_name(choices, value));
  }

  template <typename Record, typename Keys>
  void part(std::string_view key, const Record& record, Keys keys) {
    json_.key(key);
    object(record, keys);
  }

  // null where `present` is false.
  template <typename Record, typename Keys>
  void part_if(bool present, std::string_view key, const Record& record, Keys keys) {
    if (!present) return field(key, nullptr);
    part(key, record, keys);
  }

  template <typename Record, typename Keys>
  void list(std::string_view key, const std::vector<Record>& records, Keys keys) {
    json_.key(key);
    json_.open('[');
    for (const Record& record : records) {
      json_.item();
      object(record, keys);
    }
    json_.close(']');
  }

  // Follows from other fields: written, never read.
  template <typename T>
  void derived(std::string_view key, const T& value) {
    field(key, value);
  }

 private:
  explicit KeyWriter(JsonLayout layout) : json_(layout) {}

  template <typename Record, typename Keys>
  void object(const Record& record, Keys keys) {
    json_.open('{');
    keys(*this, record);
    json_.close('}');
  }

  // The bytes of what is not UTF-8, in base64 under "<key>_base64"; for a list a list, with null
  // for what is.
  template <typename T>
  void bytes_beside(std::string_view, const T&) {}
  void bytes_beside(std::string_view key, const std::string& text);
  void bytes_beside(std::string_view key, const std::vector<std::string>& list);

  JsonText json_;
};

// A missing key leaves its field as it is; keys that no list names are never looked at. Throws
// Error "/place/of/the/key: <what it wants>".
class KeyReader {
 public:
  explicit KeyReader(const Json& json) : json_(json) {
    if (!json.is_object()) misfit("an object");
  }

  template <typename T>
  void field(const char* key, T& value) const {
    find(key, [&](const Json& json) { read_json(json, value); });
  }

  template <typename T>
  void unless_empty(const char* key, T& value) const {
    find(key, [&](const Json& json) {
      value = T{};
      if (!json.is_null()) read_json(json, value);
    });
  }

  template <typename Form, typename T>
  void in_form(const char* key, T& value) const {
    find(key, [&](const Json& json) { Form::read(json, value); });
  }

  template <typename E, std::size_t N>
  void word(const char* key, const std::array<Choice<E>, N>& choices, E& value) const {
    find(key, [&](const Json& json) {
      std::string name;
      read_json(json, name);
      try {
        value = choose(name, choices);
      } catch (const Error& error) {
        throw Error{std::string{": "} + error.what(), 0, error.hint()};
      }
    });
  }

  template <typename Record, typename Keys>
  void part(const char* key, Record& record, Keys keys) const {
    find(key, [&](const Json& json) { read(json, record, keys); });
  }

  template <typename Record, typename Keys>
  void part_if(bool, const char* key, Record& record, Keys keys) const {
    find(key, [&](const Json& json) {
      if (!json.is_null()) read(json, record, keys);
    });
  }

  template <typename Record, typename Keys>
  void list(const char* key, std::vector<Record>& records, Keys keys) const {
    find(key, [&](const Json& json) {
      records.clear();
      each_item(json, [&](const Json& item) { read(item, records.emplace_back(), keys); });
    });
  }

  template <typename T>
  void derived(const char*, const T&) const {}

  template <typename Record, typename Keys>
  static void read(const Json& json, Record& record, Keys keys) {
    const KeyReader reader{json};
    keys(reader, record);
  }

 private:
  template <typename F>
  void find(const char* key, F read) const {
    const auto found = json_.find(key);
    if (found != json_.end()) in_place(key, [&] { read(*found); });
  }

  const Json& json_;
};

}  // namespace sandbox
