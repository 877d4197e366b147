// Whatever a policy file holds, it gives a Policy or an Error, never a crash.
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "policy/policy_file.h"
#include "policy/settings.h"
#include "sandbox/policy/fake_world.h"

namespace sandbox {
namespace {

constexpr std::size_t kLongestError = 20'000;

void read(const std::string& text) {
  const FakeWorld world;
  Policy policy;
  Problems problems;
  apply_policy_text(policy, {text, "policy.json", "/home/u/proj"}, world, problems);
  if (problems.empty()) return;
  const std::string message = problems.error().what();
  EXPECT_FALSE(message.empty());
  EXPECT_LT(message.size(), kLongestError);
}

class Random {
 public:
  std::size_t below(std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>{0, bound - 1}(engine_);
  }
  char byte() { return static_cast<char>(below(256)); }
  std::string bytes(std::size_t most) {
    std::string text(below(most + 1), '\0');
    for (char& c : text) c = byte();
    return text;
  }

 private:
  std::mt19937 engine_{20240229};  // the same each time: a failure can be seen again
};

constexpr std::array<const char*, 16> kValues{
    "\"256M\"", "1.5",         "-1",          "1e308",
    "true",     "null",        "[]",          "[\"data\"]",
    "{}",       "\"\"",        "\"a=b\"",     "18446744073709551616",
    "[[[",      "\"\\u0000\"", "\"\\ud800\"", "[1, \"x\", {\"y\": []}]"};

std::string some_object(Random& random) {
  std::string text = "{";
  for (std::size_t i = random.below(6); i > 0; --i) {
    const Setting& setting = settings()[random.below(settings().size())];
    text += "\"" + key_of(setting) + "\": " + kValues[random.below(kValues.size())] + ",\n";
  }
  return text + "\"quiet\": true}";
}

void mutate(std::string& text, Random& random) {
  const std::size_t at = random.below(text.size());
  switch (random.below(3)) {
    case 0:
      text[at] = random.byte();
      return;
    case 1:
      text.erase(at, random.below(4));
      return;
    default:
      text.insert(at, random.bytes(4));
  }
}

TEST(PolicyFuzz, RandomBytesGiveAPolicyOrAnError) {
  Random random;
  for (int i = 0; i < 1000; ++i) read(random.bytes(200));
}

TEST(PolicyFuzz, RandomValuesOfEveryKeyGiveAPolicyOrAnError) {
  Random random;
  for (int i = 0; i < 1000; ++i) read(some_object(random));
}

TEST(PolicyFuzz, BrokenObjectsGiveAPolicyOrAnError) {
  Random random;
  for (int i = 0; i < 1000; ++i) {
    std::string text = some_object(random);
    for (std::size_t count = 1 + random.below(4); count > 0 && !text.empty(); --count)
      mutate(text, random);
    read(text);
  }
}

TEST(PolicyFuzz, RandomWordsForEverySettingGiveAPolicyOrAnError) {
  Random random;
  const FakeWorld world;
  for (int i = 0; i < 100; ++i) {
    for (const Setting& setting : settings()) {
      Policy policy;
      Problems problems;
      apply_all(policy, {{&setting, random.bytes(12), "--x "}}, world, "/home/u/proj", problems);
    }
  }
}

}  // namespace
}  // namespace sandbox
