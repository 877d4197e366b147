#include "report/text.h"

#include <algorithm>
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

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name ? std::string{"SIG"} + name : "signal " + std::to_string(signal);
}

}  // namespace sandbox
