#include "policy/json_scan.h"

#include <cstdint>
#include <iterator>
#include <nlohmann/json.hpp>

#include "sys/files.h"

namespace sandbox {
namespace {

// Lines as the lexer consumes characters. It takes one more to see where a number ends.
struct Lines {
  std::size_t now = 1;
  std::size_t before_last = 1;
};

class CountingIterator {
 public:
  using iterator_category = std::forward_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, Lines* lines) : at_(at), lines_(lines) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    lines_->before_last = lines_->now;
    if (*at_ == '\n') ++lines_->now;
    ++at_;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }

 private:
  const char* at_;
  Lines* lines_;
};

// "[json.exception.parse_error.101] parse error at line 2, column 3: what" without its beginning.
// What it quotes of the text may be long.
JsonFault fault_of(std::string_view what, std::size_t line) {
  constexpr std::size_t kLongest = 300;
  constexpr std::string_view kAtLine = "at line ";
  what = what.substr(what.find("] ") == std::string_view::npos ? 0 : what.find("] ") + 2);
  const std::size_t at = what.find(kAtLine);
  const std::size_t end = what.find(": ", at);
  if (at == std::string_view::npos || end == std::string_view::npos)
    return {std::string(what.substr(0, kLongest)), line};
  const auto named = leading_number(what.substr(at + kAtLine.size()));
  return {std::string(what.substr(end + 2, kLongest)),
          named ? static_cast<std::size_t>(*named) : line};
}

// The handler of nlohmann's SAX interface: its member functions are called by these names.
class Scanner {
 public:
  explicit Scanner(const Lines& lines) : lines_(lines) {}
  JsonScan take() { return std::move(scan_); }

  bool null() { return put({JsonType::null, "null", lines_.now, {}}); }
  bool boolean(bool value) {
    return put({JsonType::boolean, value ? "true" : "false", lines_.now, {}});
  }
  bool number_integer(std::int64_t value) { return put_number(std::to_string(value)); }
  bool number_unsigned(std::uint64_t value) { return put_number(std::to_string(value)); }
  bool number_float(double, const std::string& text) { return put_number(text); }
  bool string(std::string& text) { return put({JsonType::string, text, lines_.now, {}}); }
  bool binary(std::vector<std::uint8_t>&) { return false; }
  bool start_object(std::size_t) { return start(JsonType::object); }
  bool start_array(std::size_t) { return start(JsonType::list); }
  bool end_object() { return end(); }
  bool end_array() { return end(); }
  bool key(std::string& name) {
    if (depth_ == 1) scan_.members.push_back({name, lines_.now, {}});
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& error) {
    scan_.fault = fault_of(error.what(), lines_.now);
    return false;
  }

 private:
  bool put_number(std::string text) {
    return put({JsonType::number, std::move(text), lines_.before_last, {}});
  }

  // Returns false, which ends the scan, when the text is not an object.
  bool put(JsonValue value) {
    if (depth_ == 0 && value.type != JsonType::object) {
      scan_.fault = JsonFault{"it begins with something else than {", value.line};
      return false;
    }
    if (depth_ == 1)
      scan_.members.back().value = std::move(value);
    else if (depth_ == 2 && scan_.members.back().value.type == JsonType::list)
      scan_.members.back().value.items.push_back(std::move(value));
    return true;
  }

  bool start(JsonType type) {
    if (!put({type, "", lines_.now, {}})) return false;
    ++depth_;
    return true;
  }

  bool end() {
    --depth_;
    return true;
  }

  const Lines& lines_;
  JsonScan scan_{};
  std::size_t depth_ = 0;
};

}  // namespace

JsonScan scan_json_object(std::string_view text) {
  Lines lines;
  Scanner scanner{lines};
  const CountingIterator begin{text.data(), &lines};
  const CountingIterator end{text.data() + text.size(), &lines};
  nlohmann::json::sax_parse(begin, end, &scanner);
  JsonScan scan = scanner.take();
  // The fault may have cut the last one short.
  if (scan.fault && !scan.members.empty()) scan.members.pop_back();
  return scan;
}

}  // namespace sandbox
