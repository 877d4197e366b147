#include "library/spawner_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "spawner/wire.h"
#include "sys/error.h"

extern char** environ;

namespace sandbox {
namespace {

// Above those that they become, so that neither is put over the other.
constexpr int kAbove = wire::kHostFd + 1;

UniqueFd raised(int fd) {
  UniqueFd owned{fd};
  UniqueFd high{::fcntl(owned.get(), F_DUPFD_CLOEXEC, kAbove)};
  if (!high) throw Error{"cannot make a descriptor for the spawner", errno};
  return high;
}

// Descriptors 3 and 4 and no others: what is inherited by oversight would stay open in here.
class Actions {
 public:
  Actions(int socket, int host) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_adddup2(&actions_, socket, wire::kSocketFd);
    ::posix_spawn_file_actions_adddup2(&actions_, host, wire::kHostFd);
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, kAbove);
  }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
  ~Actions() { ::posix_spawn_file_actions_destroy(&actions_); }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

// The host's mask of this moment must not stay: it may hold back SIGTERM.
class Attributes {
 public:
  Attributes() {
    sigset_t none;
    ::sigemptyset(&none);
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK);
  }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  ~Attributes() { ::posix_spawnattr_destroy(&attributes_); }
  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

bool is_executable(const char* path) {
  return ::access(path, X_OK) == 0;
}

}  // namespace

Rights own_rights() {
  Rights rights{::geteuid(), ::getegid(), {}};
  const int count = ::getgroups(0, nullptr);
  rights.groups.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  rights.groups.resize(static_cast<std::size_t>(
      std::max(::getgroups(static_cast<int>(rights.groups.size()), rights.groups.data()), 0)));
  return rights;
}

std::string find_executable() {
  if (const char* named = std::getenv("SANDBOX_EXEC"); named && *named) return named;
  if (is_executable(SANDBOX_EXEC_PATH)) return SANDBOX_EXEC_PATH;
  return "sandbox-exec";
}

SpawnerProcess start_spawner(const std::string& executable) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
    throw Error{"cannot make a socket pair", errno};
  }
  UniqueFd ours{ends[0]};
  const UniqueFd theirs = raised(ends[1]);
  SpawnerProcess spawner{-1, beyond_streams(std::move(ours)), ::getpid(), own_rights()};
  if (!spawner.socket) throw Error{"cannot make a descriptor for the spawner", errno};
  const UniqueFd self = raised(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
  const Actions actions{theirs.get(), self.get()};
  const Attributes attributes;
  char name[] = "sandbox-exec";
  std::string option{wire::kSpawnerOption};
  char* const argv[] = {name, option.data(), nullptr};
  const int error = ::posix_spawnp(&spawner.pid, executable.c_str(), actions.get(),
                                   attributes.get(), argv, environ);
  if (error == 0) return spawner;
  throw Error{"cannot start " + executable, error,
              "install sandbox-exec, or name it in SANDBOX_EXEC"};
}

bool kill(const SpawnerProcess& spawner) {
  return spawner.pid <= 0 || ::kill(spawner.pid, SIGKILL) == 0;
}

bool has_ended(const SpawnerProcess& spawner) {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(spawner.pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == spawner.pid;
}

void reap(SpawnerProcess& spawner) {
  if (spawner.pid <= 0) return;
  while (::waitpid(spawner.pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  spawner.pid = -1;
}

}  // namespace sandbox
