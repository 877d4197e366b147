// noop: ends at once. Without libc, so that what is measured is the start of a process.
#include <sys/syscall.h>

extern "C" [[noreturn, gnu::no_profile_instrument_function]] void _start() {
#if defined(__x86_64__)
  asm volatile("syscall" ::"a"(SYS_exit_group), "D"(0));
#elif defined(__aarch64__)
  register long number asm("x8") = SYS_exit_group;
  register long status asm("x0") = 0;
  asm volatile("svc 0" ::"r"(number), "r"(status));
#else
#error "the system call to exit is missing for this architecture"
#endif
  __builtin_unreachable();
}
