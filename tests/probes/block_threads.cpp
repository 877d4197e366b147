// block-threads: three threads that wait, each in its own way and named after it (in-read,
// in-futex, in-nanosleep), while the main thread waits in pause. Says "ready"; 120 s at most.
#include <pthread.h>
#include <semaphore.h>

#include <thread>

#include "probe.h"

namespace {

// A thread's name, as in /proc/PID/task/TID/comm, set before it counts as started.
template <typename Wait>
std::thread waiting(const char* name, sem_t* started, Wait wait) {
  return std::thread([=] {
    ::pthread_setname_np(::pthread_self(), name);
    ::sem_post(started);
    wait();
  });
}

}  // namespace

int main() {
  probe::live_at_most(120);
  int pipe_ends[2];
  if (::pipe(pipe_ends) != 0) probe::fail("pipe");
  sem_t started;
  sem_t never;
  ::sem_init(&started, 0, 0);
  ::sem_init(&never, 0, 0);
  std::thread threads[] = {
      waiting("in-read", &started,
              [&] {
                char byte;
                static_cast<void>(!::read(pipe_ends[0], &byte, 1));
              }),
      waiting("in-futex", &started, [&] { ::sem_wait(&never); }),
      waiting("in-nanosleep", &started,
              [] {
                const timespec long_time{1000, 0};
                ::nanosleep(&long_time, nullptr);
              }),
  };
  for (std::size_t i = 0; i < std::size(threads); ++i) ::sem_wait(&started);
  probe::say("ready");
  for (;;) ::pause();
}
