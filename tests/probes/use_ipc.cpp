// use-ipc make|look NAME: makes (and leaves behind) a POSIX message queue, a POSIX shared memory
// object and a System V shared memory segment; or looks whether they are there. Prints "KIND ok" or
// "KIND ENOENT" a line.
#include <fcntl.h>
#include <mqueue.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "probe.h"

namespace {

void tell(const char* kind, bool ok) {
  std::printf("%s %s\n", kind, ok ? "ok" : probe::error_name(errno).c_str());
}

key_t key_of(const std::string& name) {
  key_t key = 1;
  for (const char c : name) key = key * 31 + c;
  return key & 0x7fffffff;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) probe::misused("use-ipc make|look NAME");
  const bool make = std::string_view(argv[1]) == "make";
  const std::string name = argv[2];
  const int how = make ? O_RDWR | O_CREAT : O_RDWR;
  tell("mqueue", ::mq_open(("/" + name).c_str(), how, 0600, nullptr) != static_cast<mqd_t>(-1));
  tell("shm", ::shm_open(("/" + name).c_str(), how, 0600) >= 0);
  tell("sysv", ::shmget(key_of(name), 4096, make ? IPC_CREAT | 0600 : 0) >= 0);
  return 0;
}
