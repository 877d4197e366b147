// One list of keys for both ways. A list is a generic lambda that names each key beside its field:
// `[](auto& keys, auto& mount) { keys.field("source", mount.source); }`. A KeyWriter makes JSON of
// it in that order, a KeyReader fills the fields from JSON.
#pragma once

#include <array>
#include <utility>

#include "policy/choices.h"
#include "policy/json_values.h"

namespace sandbox {

class KeyWriter {
 public:
  template <typename T>
  void field(const char* key, const T& value) {
    json_[key] = json_of(value);
  }

  // null where it is empty, or 0: then it is unknown.
  template <typename T>
  void unless_empty(const char* key, const T& value) {
    json_[key] = value == T{} ? Json(nullptr) : json_of(value);
  }

  // A field with a form of its own: Form::write(value) gives JSON, Form::read(json, value) reads
  // it.
  template <typename Form, typename T>
  void in_form(const char* key, const T& value) {
    json_[key] = Form::write(value);
  }

  template <typename E, std::size_t N>
  void word(const char* key, const std::array<Choice<E>, N>& choices, E value) {
    json_[key] = choice_name(choices, value);
  }

  template <typename Record, typename Keys>
  void part(const char* key, const Record& record, Keys keys) {
    json_[key] = written(record, keys);
  }

  // null where `present` is false.
  template <typename Record, typename Keys>
  void part_if(bool present, const char* key, const Record& record, Keys keys) {
    json_[key] = present ? written(record, keys) : Json(nullptr);
  }

  template <typename Record, typename Keys>
  void list(const char* key, const std::vector<Record>& records, Keys keys) {
    Json list = Json::array();
    for (const Record& record : records) list.push_back(written(record, keys));
    json_[key] = std::move(list);
  }

  // Follows from other fields: written, never read.
  void derived(const char* key, Json value) { json_[key] = std::move(value); }

  template <typename Record, typename Keys>
  static Json written(const Record& record, Keys keys) {
    KeyWriter writer;
    keys(writer, record);
    return std::move(writer.json_);
  }

 private:
  Json json_ = Json::object();
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

  void derived(const char*, const Json&) const {}

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
