// A host whose processors have more registers than user-mode-linux 6.1 knows (AMX) refuses to set a
// part of them: "ptrace set fp regs failed, errno = 14". Preloaded, this adds the rest as it is.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

static long (*real)(int, pid_t, void*, void*);

__attribute__((constructor)) static void find_real(void) { *(void**)&real = dlsym(RTLD_NEXT, "ptrace"); }

static long set_xstate(pid_t pid, struct iovec* some) {
  static char all[16384];  // the guest's kernel has small stacks, and one processor
  static int is_refused;
  void* const kind = (void*)NT_X86_XSTATE;
  if (!is_refused && real(PTRACE_SETREGSET, pid, kind, some) == 0) return 0;
  struct iovec whole = {all, sizeof all};
  if (real(PTRACE_GETREGSET, pid, kind, &whole) != 0 || some->iov_len > whole.iov_len) return -1;
  is_refused = 1;
  memcpy(all, some->iov_base, some->iov_len);
  return real(PTRACE_SETREGSET, pid, kind, &whole);
}

long ptrace(enum __ptrace_request request, ...) {
  va_list rest;
  va_start(rest, request);
  const pid_t pid = va_arg(rest, pid_t);
  void* const address = va_arg(rest, void*);
  void* const data = va_arg(rest, void*);
  va_end(rest);
  if (request == PTRACE_SETREGSET && address == (void*)NT_X86_XSTATE) return set_xstate(pid, data);
  return real(request, pid, address, data);
}
