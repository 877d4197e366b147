#include "spawner/policy_cbor.h"

#include <cstring>
#include <nlohmann/json.hpp>

#include "sys/error.h"
#include "sys/files.h"

namespace nlohmann {

template <typename T>
struct adl_serializer<std::optional<T>> {
  static void to_json(json& value, const std::optional<T>& from) {
    if (from) {
      value = *from;
    } else {
      value = nullptr;
    }
  }
  static void from_json(const json& value, std::optional<T>& to) {
    to = value.is_null() ? std::nullopt : std::optional<T>{value.get<T>()};
  }
};

template <>
struct adl_serializer<std::chrono::milliseconds> {
  static void to_json(json& value, std::chrono::milliseconds from) { value = from.count(); }
  static void from_json(const json& value, std::chrono::milliseconds& to) {
    to = std::chrono::milliseconds{value.get<std::int64_t>()};
  }
};

}  // namespace nlohmann

namespace sandbox {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Bytes, count)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Mount, kind, source, destination, size, words)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(CpuSet, automatic, cpus)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Limits, memory, cpus, cpuset, pids, pids_asked, timeout,
                                   cpu_time, grace)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Project, choice, directory)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Environment, mode, keep, unset, set)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Reporting, report, report_dir, events, name, quiet,
                                   signal_exit_as_code, ctest, if_unsupported)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Policy, command, chdir, project, mounts, limits, environment,
                                   network, uid, gid, keep_root, keep_fds, seccomp, allow,
                                   isolation, core, best_effort, policy_files, reporting)

namespace wire {
namespace {

using nlohmann::json;

// As execve(2) lays it out: one piece is cheaper than a hundred.
std::string joined(const std::vector<std::string>& environment) {
  std::string all;
  for (const std::string& entry : environment) all.append(entry).push_back('\0');
  return all;
}

std::vector<std::string> separated(const std::string& all) {
  std::vector<std::string> environment;
  for (const std::string_view entry : split(all, '\0')) environment.emplace_back(entry);
  return environment;
}

std::vector<std::uint8_t> bytes_of(const sigset_t& set) {
  std::vector<std::uint8_t> bytes(sizeof set);
  std::memcpy(bytes.data(), &set, sizeof set);
  return bytes;
}

sigset_t as_sigset(const std::vector<std::uint8_t>& bytes) {
  sigset_t set;
  ::sigemptyset(&set);
  if (bytes.size() == sizeof set) std::memcpy(&set, bytes.data(), sizeof set);
  return set;
}

}  // namespace

std::vector<std::uint8_t> encode(const Policy& policy, const Caller& caller) {
  return json::to_cbor({{"version", caller.version},
                        {"policy", policy},
                        {"environment", joined(caller.environment)},
                        {"umask", caller.umask},
                        {"prepared", caller.prepared},
                        {"signal_mask", json::binary(bytes_of(caller.signal_mask))}});
}

void decode(std::span<const std::uint8_t> bytes, const char* version, Policy& policy,
            Caller& caller) {
  try {
    const json message = json::from_cbor(bytes.begin(), bytes.end());
    caller.version = message.at("version").get<std::string>();
    if (caller.version != version) {
      throw Error{"this library is of version " + caller.version + ", sandbox-exec of " + version};
    }
    message.at("policy").get_to(policy);
    caller.environment = separated(message.at("environment").get_ref<const std::string&>());
    message.at("umask").get_to(caller.umask);
    message.at("prepared").get_to(caller.prepared);
    caller.signal_mask = as_sigset(message.at("signal_mask").get_binary());
  } catch (const json::exception& error) {
    throw Error{std::string{"bad message: "} + error.what()};
  }
}

}  // namespace wire
}  // namespace sandbox
