#include "seccomp/names.h"

#include <seccomp.h>

#include <cstdlib>

namespace sandbox {

std::string system_call_name(long number) {
  char* name = ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, static_cast<int>(number));
  if (!name) return std::to_string(number);
  std::string text{name};
  std::free(name);
  return text;
}

}  // namespace sandbox
