// What to isolate, cap and hand in: plain data. Filled by the options, by a policy file or by a
// caller of the library; paths are absolute by the time a Policy is complete.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sandbox {

struct Bytes {
  std::uint64_t count = 0;
  auto operator<=>(const Bytes&) const = default;
};

enum class Network { loopback, host, off };
enum class Isolation { full, none };
enum class EnvironmentMode { inherit, clean };
enum class SeccompMode { standard, off };
enum class MountKind { ro_bind, ro_bind_try, bind, tmpfs, device };

struct Mount {
  MountKind kind = MountKind::ro_bind;
  std::string source;       // empty for tmpfs
  std::string destination;  // as seen inside
  std::optional<Bytes> size{};
  std::string words{};  // as the user wrote it: "--bind out:/tmp/out"; for messages
};

// Which CPUs: empty list and automatic=false means all that the caller may use.
struct CpuSet {
  bool automatic = false;
  std::vector<int> cpus{};
  bool operator==(const CpuSet&) const = default;
};

struct Limits {
  std::optional<Bytes> memory{};
  std::optional<double> cpus{};  // CPUs' worth of time: 1.5 is 150 ms in each 100 ms
  std::optional<CpuSet> cpuset{};
  std::uint64_t pids = 4096;  // processes and threads
  bool pids_asked = false;    // by the user: then not enforceable is an error, not a warning
  std::optional<std::chrono::milliseconds> timeout{};   // wall clock
  std::optional<std::chrono::milliseconds> cpu_time{};  // user + system, all processes
  std::chrono::milliseconds grace{1000};                // from SIGTERM to SIGKILL
};

struct Project {
  enum class Choice { automatic, none, directory };
  Choice choice = Choice::automatic;
  std::string directory{};
};

struct Environment {
  EnvironmentMode mode = EnvironmentMode::inherit;
  std::vector<std::string> keep{};   // names that the secret filter must let through
  std::vector<std::string> unset{};  // names
  std::vector<std::pair<std::string, std::string>> set{};  // later wins; --env-file comes first
};

// What to do when this host cannot give the isolation that was asked for.
enum class IfUnsupported { fail, skip };

// How the end is told to the caller; nothing here changes what the test sees.
struct Reporting {
  std::string report{};      // path, "fd:N", or empty
  std::string report_dir{};  // one file a run: <dir>/<name>-<run id>.json
  std::string events{};      // path, "fd:N", or empty: report/event_stream.h
  std::string name{};        // defaults to the program's base name
  bool quiet = false;
  bool signal_exit_as_code = false;  // --signal-exit=code: 128+n instead of dying of the signal
  bool ctest = false;
  bool measurements = false;  // CTest's, on standard output
  IfUnsupported if_unsupported = IfUnsupported::fail;
};

struct Policy {
  std::vector<std::string> command{};  // argv as the user gave it
  std::string chdir{};                 // as seen inside; empty: the caller's own cwd
  Project project{};
  std::vector<Mount> mounts{};
  Limits limits{};
  Environment environment{};
  Network network = Network::loopback;
  std::optional<uid_t> uid{};  // as seen inside
  std::optional<gid_t> gid{};
  bool keep_root = false;
  std::vector<int> keep_fds{};
  SeccompMode seccomp = SeccompMode::standard;
  std::vector<std::string> allow{};  // names of seccomp/profile.h's groups: "userns", "io-uring", …
  Isolation isolation = Isolation::full;
  bool core = false;  // lifts RLIMIT_CORE
  bool best_effort = false;
  std::vector<std::string> policy_files{};  // read, in order; named in the report
  Reporting reporting{};
};

}  // namespace sandbox
