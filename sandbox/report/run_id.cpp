#include "report/run_id.h"

#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>

namespace sandbox {

std::string make_run_id() {
  std::uint64_t random = 0;
  if (::getrandom(&random, sizeof random, 0) != sizeof random)
    random = static_cast<std::uint64_t>(::time(nullptr));
  char text[40];
  std::snprintf(text, sizeof text, "%d-%08llx", ::getpid(),
                static_cast<unsigned long long>(random & 0xffffffff));
  return text;
}

}  // namespace sandbox
