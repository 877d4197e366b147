// Plain data as bytes and back, member by member, for two processes of one build.
#pragma once

#include <boost/pfr/core.hpp>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "sys/error.h"

namespace sandbox::wire {

template <typename T>
concept Number = std::is_arithmetic_v<T> || std::is_enum_v<T>;

class Packer {
 public:
  template <Number T>
  void put(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void put(const std::string& text) {
    put(text.size());
    bytes_ += text;
  }
  template <typename T>
  void put(const std::vector<T>& list) {
    put_all(list);
  }
  template <typename K, typename V>
  void put(const std::map<K, V>& map) {
    put_all(map);
  }
  template <typename A, typename B>
  void put(const std::pair<A, B>& pair) {
    put(pair.first);
    put(pair.second);
  }
  template <typename T>
  void put(const std::optional<T>& value) {
    put(value.has_value());
    if (value) put(*value);
  }
  template <typename A, typename B>
  void put(const std::variant<A, B>& value) {
    put(value.index());
    std::visit([this](const auto& held) { put(held); }, value);
  }
  template <typename R, typename P>
  void put(std::chrono::duration<R, P> time) {
    put(time.count());
  }
  template <typename T>
  requires std::is_aggregate_v<T>
  void put(const T& record) {
    boost::pfr::for_each_field(record, [this](const auto& member) { put(member); });
  }

  std::string take() { return std::move(bytes_); }

 private:
  template <typename List>
  void put_all(const List& list) {
    put(list.size());
    for (const auto& item : list) put(item);
  }

  std::string bytes_;
};

// Throws Error "bad message: it is cut off" where the bytes do not hold what is asked for.
class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : bytes_(bytes) {}

  template <Number T>
  void get(T& value) {
    const std::string_view bytes = next(sizeof value);
    if constexpr (std::is_same_v<T, bool>) {
      value = bytes[0] != 0;
    } else {
      std::memcpy(&value, bytes.data(), sizeof value);
    }
  }
  void get(std::string& text) { text = next(get_size()); }
  template <typename T>
  void get(std::vector<T>& list) {
    list.clear();
    for (std::size_t size = get_size(); size > 0; --size) get(list.emplace_back());
  }
  template <typename K, typename V>
  void get(std::map<K, V>& map) {
    map.clear();
    for (std::size_t size = get_size(); size > 0; --size) {
      std::pair<K, V> item;
      get(item);
      map.insert(std::move(item));
    }
  }
  template <typename A, typename B>
  void get(std::pair<A, B>& pair) {
    get(pair.first);
    get(pair.second);
  }
  template <typename T>
  void get(std::optional<T>& value) {
    value.reset();
    bool has_value = false;
    get(has_value);
    if (has_value) get(value.emplace());
  }
  template <typename A, typename B>
  void get(std::variant<A, B>& value) {
    std::size_t index = 0;
    get(index);
    if (index == 0) {
      get(value.template emplace<A>());
    } else {
      get(value.template emplace<B>());
    }
  }
  template <typename R, typename P>
  void get(std::chrono::duration<R, P>& time) {
    R count{};
    get(count);
    time = std::chrono::duration<R, P>{count};
  }
  template <typename T>
  requires std::is_aggregate_v<T>
  void get(T& record) {
    boost::pfr::for_each_field(record, [this](auto& member) { get(member); });
  }

  bool at_end() const { return bytes_.empty(); }

 private:
  // What a list holds takes a byte at least: no size makes it take memory for nothing.
  std::size_t get_size() {
    std::size_t size = 0;
    get(size);
    if (size > bytes_.size()) throw Error{"bad message: it is cut off"};
    return size;
  }

  std::string_view next(std::size_t size) {
    if (size > bytes_.size()) throw Error{"bad message: it is cut off"};
    const std::string_view bytes = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return bytes;
  }

  std::string_view bytes_;
};

}  // namespace sandbox::wire
