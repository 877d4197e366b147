#include "report/text.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace sandbox {

std::string without_controls(std::string_view text) {
  std::string plain{text};
  for (char& c : plain) {
    if (c != '\n' && (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)) c = '?';
  }
  return plain;
}

std::string one_line(std::string_view text) {
  std::string line = without_controls(text);
  std::replace(line.begin(), line.end(), '\n', '?');
  return line;
}

// Not by gmtime_r(3), which reads the host's time zone from a file.
std::string timestamp(std::chrono::system_clock::time_point at) {
  using namespace std::chrono;
  const auto now = floor<milliseconds>(at);
  const auto day = floor<days>(now);
  const year_month_day date{day};
  const hh_mm_ss time{now - day};
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02ld:%02ld:%02ld.%03ldZ", int{date.year()},
                unsigned{date.month()}, unsigned{date.day()}, time.hours().count(),
                time.minutes().count(), time.seconds().count(), time.subseconds().count());
  return text;
}

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name ? std::string{"SIG"} + name : "signal " + std::to_string(signal);
}

}  // namespace sandbox
