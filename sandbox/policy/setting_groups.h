// The parts of the table of settings, a file each, and what their setters share. For settings.cpp
// only.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "policy/settings.h"

namespace sandbox {

std::span<const Setting> cap_settings();
std::span<const Setting> file_settings();
std::span<const Setting> environment_settings();
std::span<const Setting> isolation_settings();
std::span<const Setting> report_settings();
std::span<const Setting> running_settings();

inline bool is_true(const std::string& value) {
  return value == "true";
}

template <typename T>
void add_once(std::vector<T>& list, const T& item) {
  if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(item);
}

void refuse_empty(const std::string& value);

// A file descriptor that the caller handed over: one that is not open now would be one of our own
// later on.
int open_fd(const std::string& number, const World& world);

}  // namespace sandbox
