// What the library in a host process and its spawner say to each other: packets on a
// SOCK_SEQPACKET pair, with descriptors beside them (SCM_RIGHTS, unix(7)).
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "policy/policy.h"
#include "sys/unique_fd.h"

namespace sandbox::wire {

// Where the spawner finds its end of the pair and a pidfd of its host.
inline constexpr int kSocketFd = 3;
inline constexpr int kHostFd = 4;
inline constexpr const char* kSpawnerOption = "--spawner";

enum class Kind : std::uint32_t {
  start,     // host → spawner: run this; its descriptors are Start's
  cancel,    // host → spawner: as SIGTERM to sandbox-exec
  time_out,  // host → spawner: as if `limit_ms` had been its timeout, and had passed
  cloned,    // spawner → host: a child of the host's was made: its pid, and a pidfd beside it
             // where the host may open one more; id 0: for a run to come, and told again with
             // that run's id
  dropped,   // spawner → host: one with id 0 was killed unused: its pid
};

struct Packet {
  Kind kind{};
  std::int32_t pid = 0;
  std::uint64_t id = 0;  // the host's own number of the run
  std::uint64_t limit_ms = 0;
};

// The caller's world, which a run would inherit from it.
struct Caller {
  std::string version{};  // of the library
  std::vector<std::string> environment{};
  mode_t umask = 022;
  sigset_t signal_mask{};
  std::uint32_t prepared = 0;  // how many sandboxes to make ahead
};

// The descriptors of `start`, in this order on the wire; those of policy.keep_fds follow.
struct Start {
  Policy policy{};
  Caller caller{};
  UniqueFd report{};  // a pipe: the report as JSON, then its end
  UniqueFd in{};
  UniqueFd out{};
  UniqueFd error{};
  UniqueFd cwd{};
  std::vector<UniqueFd> kept{};
};

struct Received {
  Packet packet{};
  std::vector<UniqueFd> fds{};
};

// 0 or errno, as send_fds (sys/fd_passing.h).
int send(int socket, const Packet& packet, const std::vector<int>& fds);

// nullopt with errno, as receive_fds (sys/fd_passing.h).
std::optional<Received> receive(int socket);

// The whole of a Start as descriptors to send. Throws Error.
int send_start(int socket, std::uint64_t id, const Policy& policy, const Caller& caller,
               const std::vector<int>& fds);

// Throws Error for a message that does not fit: too few descriptors, bytes that mean nothing,
// another version. A message that does not fit keeps its descriptors.
Start read_start(Received& received, const char* version);

}  // namespace sandbox::wire
