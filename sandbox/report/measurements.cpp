#include "report/measurements.h"

#include <cstdio>
#include <optional>

namespace sandbox {
namespace {

std::string measurement(const char* name, const std::string& value) {
  return std::string{"<CTestMeasurement type=\"numeric/double\" name=\"sandbox."} + name + "\">" +
         value + "</CTestMeasurement>\n";
}

std::string seconds(double value) {
  char text[64];
  (void)std::snprintf(text, sizeof text, "%.6f", value);
  return text;
}

}  // namespace

std::string ctest_measurements(const Usage& usage) {
  std::string text;
  if (const auto peak = usage.memory_peak_bytes.value)
    text += measurement("memory_peak_bytes", std::to_string(*peak));
  const auto user = usage.cpu_user_seconds.value;
  const auto system = usage.cpu_system_seconds.value;
  if (user && system) text += measurement("cpu_seconds", seconds(*user + *system));
  if (const auto throttled = usage.cpu_throttled_seconds.value)
    text += measurement("cpu_throttled_seconds", seconds(*throttled));
  return text;
}

}  // namespace sandbox
