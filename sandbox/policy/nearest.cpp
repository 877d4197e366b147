#include "policy/nearest.h"

#include <algorithm>
#include <vector>

namespace sandbox {
namespace {

constexpr std::size_t kLongestWord = 64;

std::string folded(std::string_view word) {
  std::string result(word);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '_') c = '-';
  }
  return result;
}

// Optimal string alignment: rows of the usual matrix, the two before kept for the swaps.
std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

}  // namespace

std::string nearest_name(std::string_view word, std::span<const std::string_view> names) {
  const std::string wanted = folded(word);
  if (wanted.empty() || wanted.size() > kLongestWord) return {};
  std::string_view best;
  std::size_t fewest = wanted.size() < 4 ? 2 : wanted.size() / 3 + 2;  // one more than is let pass
  for (const std::string_view name : names) {
    const std::size_t count = edits(wanted, folded(name));
    if (count >= fewest) continue;
    fewest = count;
    best = name;
  }
  if (!best.empty()) return std::string(best);
  for (const std::string_view name : names)
    if (folded(name).starts_with(wanted)) return std::string(name);
  return {};
}

}  // namespace sandbox
