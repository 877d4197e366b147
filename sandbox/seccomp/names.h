// Names of system calls.
#pragma once

#include <string>

namespace sandbox {

// "read" for 0 on x86-64; the number as text where it has no name here.
std::string system_call_name(long number);

}  // namespace sandbox
