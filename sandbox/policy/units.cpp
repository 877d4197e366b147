#include "policy/units.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "policy/words.h"
#include "sys/files.h"

namespace sandbox {
namespace {

constexpr const char* kSizeHint =
    "sizes are written 256M, 1.5G (powers of 1024), 256MB (powers of 1000) or as a number of bytes";
constexpr const char* kDurationHint = "times are written 30 (seconds), 500ms, 1.5s, 2m, 1h";
constexpr const char* kCpusHint = "CPUs are written 2, 1.5, 0.25";
constexpr const char* kCpusetHint = "a list of CPUs is written 0-2,5 or auto";

constexpr std::uint64_t kMebibyte = 1 << 20;
constexpr std::uint64_t kMostBytes = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t kHighestCpu = 8191;  // the kernel's largest NR_CPUS less one

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// What is wrong with any number, before its unit is looked at.
void check_number(std::string_view text, const char* kind, const char* hint) {
  if (text.empty()) refuse(text, std::string("an empty word is not ") + kind, hint);
  if (text.find_first_of(" \t\r\n\v\f") != std::string_view::npos)
    refuse(text, std::string("not ") + kind + ": it has a blank in it", hint);
  if (text.front() == '-')
    refuse(text, std::string("not ") + kind + ": it must not be negative", hint);
  if (!is_digit(text.front()))
    refuse(text, std::string("not ") + kind + ": it does not begin with a digit", hint);
}

struct Amount {
  std::uint64_t whole = 0;
  double fraction = 0;  // what follows the point
  std::string_view unit{};
};

std::size_t digits_from(std::string_view text, std::size_t start) {
  std::size_t end = start;
  while (end < text.size() && is_digit(text[end])) ++end;
  return end;
}

// "1.5G" in its parts. `kind` is what it should be: "a size".
Amount parse_amount(std::string_view text, const char* kind, const char* hint) {
  check_number(text, kind, hint);
  Amount amount;
  std::size_t end = digits_from(text, 0);
  const auto parsed = std::from_chars(text.data(), text.data() + end, amount.whole);
  if (parsed.ec != std::errc{}) refuse(text, std::string("too large for ") + kind);
  if (end < text.size() && text[end] == '.') {
    const std::size_t point = end;
    end = digits_from(text, point + 1);
    if (end == point + 1)
      refuse(text, std::string("not ") + kind + ": no digit follows the point", hint);
    std::from_chars(text.data() + point, text.data() + end, amount.fraction);
  }
  amount.unit = text.substr(end);
  return amount;
}

// amount × unit, or nullopt above `most`.
std::optional<std::uint64_t> total(const Amount& amount, std::uint64_t unit, std::uint64_t most) {
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(amount.whole, unit, &product)) return std::nullopt;
  const double rest = amount.fraction * static_cast<double>(unit);
  // Rounded down but for what binary fractions lose: 0.29 h is 1,044,000 ms.
  if (__builtin_add_overflow(product, static_cast<std::uint64_t>(rest + 1e-6), &product))
    return std::nullopt;
  return product <= most ? std::optional(product) : std::nullopt;
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

std::optional<std::uint64_t> size_unit(std::string_view text) {
  const std::string unit = lower_case(text);
  if (unit.empty() || unit == "b") return 1;
  const std::size_t power = std::string_view("kmgt").find(unit.front());
  if (power == std::string_view::npos) return std::nullopt;
  const std::string rest = unit.substr(1);
  if (rest != "" && rest != "ib" && rest != "b") return std::nullopt;
  std::uint64_t factor = 1;
  for (std::size_t i = 0; i <= power; ++i) factor *= rest == "b" ? 1000 : 1024;
  return factor;
}

struct DurationUnit {
  std::string_view name;
  std::uint64_t milliseconds;
};
constexpr std::array<DurationUnit, 5> kDurationUnits{
    {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};

std::optional<std::uint64_t> duration_unit(std::string_view text) {
  for (const DurationUnit& unit : kDurationUnits)
    if (unit.name == text) return unit.milliseconds;
  return std::nullopt;
}

[[noreturn]] void refuse_unit(std::string_view text, std::string_view unit, const char* kind,
                              const char* hint) {
  refuse(text, std::string("not ") + kind + ": unknown unit " + shown(unit), hint);
}

// The unit that somebody who wrote a bare number of this size for a memory cap had in mind.
char probable_unit(std::uint64_t bare) {
  if (bare <= 16) return 'G';
  return bare < 65'536 ? 'M' : 'K';
}

void add_cpu_range(std::string_view piece, std::string_view text, std::vector<int>& cpus) {
  const std::size_t dash = piece.find('-');
  const auto number = [&](std::string_view part) {
    const auto is_number = !part.empty() && digits_from(part, 0) == part.size();
    if (!is_number) refuse(text, "not a list of CPUs: " + shown(piece), kCpusetHint);
    const auto value = leading_number(part);
    if (!value || *value > kHighestCpu)
      refuse(text, "no CPU has a number above " + std::to_string(kHighestCpu));
    return static_cast<int>(*value);
  };
  const int first = number(piece.substr(0, dash));
  const int last = dash == std::string_view::npos ? first : number(piece.substr(dash + 1));
  if (first > last) refuse(text, "the range " + shown(piece) + " runs backwards", kCpusetHint);
  for (int cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
}

// `value` with at most `decimals` of them; zeros at the end dropped.
std::string decimal(double value, int decimals) {
  std::array<char, 400> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::fixed, decimals)
                       .ptr;
  std::string text(buffer.data(), end);
  if (text.find('.') == std::string::npos) return text;
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace

Bytes parse_bytes(std::string_view text) {
  const Amount amount = parse_amount(text, "a size", kSizeHint);
  const auto unit = size_unit(amount.unit);
  if (!unit) refuse_unit(text, amount.unit, "a size", kSizeHint);
  const auto bytes = total(amount, *unit, kMostBytes);
  if (!bytes) refuse(text, "too large for a size: the most is 8 EiB less one byte");
  if (*unit == 1 && amount.fraction > 0) refuse(text, "not a whole number of bytes", kSizeHint);
  return Bytes{*bytes};
}

Bytes parse_memory(std::string_view text) {
  const Bytes bytes = parse_bytes(text);
  if (bytes.count == 0) refuse(text, "a cap of nothing lets nothing start");
  const std::string_view number = text.substr(0, text.find_first_not_of("0123456789."));
  const bool bare = size_unit(text.substr(number.size())) == 1;
  if (!bare || bytes.count >= kMebibyte) return bytes;
  refuse(text, "a number without a unit is bytes, and this is too small for any program",
         "did you mean " + std::string(number) + probable_unit(bytes.count) + "?");
}

std::chrono::milliseconds parse_duration(std::string_view text) {
  const Amount amount = parse_amount(text, "a time", kDurationHint);
  const auto unit = duration_unit(amount.unit);
  if (!unit) refuse_unit(text, amount.unit, "a time", kDurationHint);
  const auto milliseconds = total(amount, *unit, kLongestTime.count());
  if (!milliseconds) refuse(text, "too long for a time: the most is 100 years");
  if (*milliseconds == 0 && amount.fraction > 0) refuse(text, "a time shorter than 1 ms");
  return std::chrono::milliseconds(*milliseconds);
}

double parse_cpus(std::string_view text) {
  const Amount amount = parse_amount(text, "a number of CPUs", kCpusHint);
  if (!amount.unit.empty())
    refuse(text, "not a number of CPUs: " + shown(amount.unit) + " follows it", kCpusHint);
  if (amount.whole > kMostCpus) refuse(text, "too large for a number of CPUs");
  const double cpus = static_cast<double>(amount.whole) + amount.fraction;
  if (cpus < kLeastCpus) refuse(text, "too small: the kernel's least is 0.01 CPUs");
  return cpus;
}

CpuSet parse_cpuset(std::string_view text) {
  if (text == "auto") return CpuSet{.automatic = true};
  if (text.empty() || text.back() == ',') refuse(text, "not a list of CPUs", kCpusetHint);
  CpuSet set;
  for (const std::string_view piece : split(text, ',')) add_cpu_range(piece, text, set.cpus);
  std::sort(set.cpus.begin(), set.cpus.end());
  set.cpus.erase(std::unique(set.cpus.begin(), set.cpus.end()), set.cpus.end());
  return set;
}

std::uint64_t parse_number(std::string_view text, std::uint64_t least, std::uint64_t most) {
  check_number(text, "a whole number", "");
  if (digits_from(text, 0) != text.size()) refuse(text, "not a whole number");
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc{} || number > most)
    refuse(text, "too large: the most is " + std::to_string(most));
  if (number < least) refuse(text, "too small: the least is " + std::to_string(least));
  return number;
}

std::string format_bytes(std::uint64_t bytes) {
  constexpr std::array<const char*, 6> kUnits{" KiB", " MiB", " GiB", " TiB", " PiB", " EiB"};
  if (bytes < 1024) return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  // 1023.95 would be printed as 1024 of the smaller unit.
  for (; value >= 1023.5 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  return decimal(value, value < 99.95 ? 1 : 0) + kUnits[unit];
}

std::string format_seconds(double seconds) {
  const int decimals = seconds < 0.1 ? 3 : seconds < 10 ? 2 : seconds < 100 ? 1 : 0;
  return decimal(seconds, decimals) + " s";
}

}  // namespace sandbox
