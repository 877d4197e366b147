// The words for each enum of a Policy, both ways.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "policy/nearest.h"
#include "policy/policy.h"
#include "policy/words.h"

namespace sandbox {

template <typename E>
struct Choice {
  std::string_view name;
  E value;
};

// The first name of a value is the one that is written.
inline constexpr std::array<Choice<Network>, 4> kNetworks{{{"loopback", Network::loopback},
                                                           {"host", Network::host},
                                                           {"off", Network::off},
                                                           {"none", Network::loopback}}};
inline constexpr std::array<Choice<Isolation>, 2> kIsolations{
    {{"full", Isolation::full}, {"none", Isolation::none}}};
inline constexpr std::array<Choice<EnvironmentMode>, 2> kEnvironmentModes{
    {{"inherit", EnvironmentMode::inherit}, {"clean", EnvironmentMode::clean}}};
inline constexpr std::array<Choice<SeccompMode>, 2> kSeccompModes{
    {{"standard", SeccompMode::standard}, {"off", SeccompMode::off}}};
inline constexpr std::array<Choice<IfUnsupported>, 2> kIfUnsupported{
    {{"fail", IfUnsupported::fail}, {"skip", IfUnsupported::skip}}};
inline constexpr std::array<Choice<bool>, 2> kSignalExits{{{"signal", false}, {"code", true}}};
inline constexpr std::array<Choice<MountKind>, 5> kMountKinds{
    {{"ro_bind", MountKind::ro_bind},
     {"ro_bind_try", MountKind::ro_bind_try},
     {"bind", MountKind::bind},
     {"tmpfs", MountKind::tmpfs},
     {"device", MountKind::device}}};

template <typename E, std::size_t N>
std::string choice_name(const std::array<Choice<E>, N>& choices, E value) {
  for (const Choice<E>& choice : choices)
    if (choice.value == value) return std::string(choice.name);
  return {};
}

// Throws Error with all the names, and the nearest, when `word` is none of them.
template <typename E, std::size_t N>
E choose(std::string_view word, const std::array<Choice<E>, N>& choices) {
  std::vector<std::string_view> names;
  std::string all;
  for (const Choice<E>& choice : choices) {
    if (choice.name == word) return choice.value;
    names.push_back(choice.name);
    all += (all.empty() ? "" : ", ") + std::string(choice.name);
  }
  const std::string nearest = nearest_name(word, names);
  refuse(word, "not one of " + all, nearest.empty() ? "" : "did you mean " + nearest + "?");
}

}  // namespace sandbox
