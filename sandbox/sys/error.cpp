#include "sys/error.h"

#include <cstring>

namespace sandbox {

std::string errno_name(int error) {
  const char* name = ::strerrorname_np(error);
  return name ? name : "errno " + std::to_string(error);
}

Error::Error(const std::string& attempt, int error, std::string hint, int exit_code)
    : std::runtime_error(error ? attempt + ": " + errno_name(error) : attempt),
      hint_(std::move(hint)),
      error_(error),
      exit_code_(exit_code) {}

}  // namespace sandbox
