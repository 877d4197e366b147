#include "spawner/messages.h"

#include "report/json.h"
#include "report/read.h"
#include "spawner/packed.h"

namespace sandbox::wire {
namespace {

// Two builds of one version may lay out the same data in another way.
constexpr std::uint64_t kBuild =
    (sizeof(Policy) * boost::pfr::tuple_size_v<Policy> * 31 + sizeof(Caller)) * 4099 +
    sizeof(Report) * boost::pfr::tuple_size_v<Report>;

constexpr char kPacked = 'P';  // no JSON begins with it

}  // namespace

std::string encode(const Policy& policy, const Caller& caller) {
  Packer packer;
  packer.put(caller.version);
  packer.put(kBuild);
  packer.put(policy);
  packer.put(caller.environment);
  packer.put(caller.umask);
  packer.put(caller.prepared);
  packer.put(std::string(reinterpret_cast<const char*>(&caller.signal_mask), sizeof(sigset_t)));
  return packer.take();
}

void decode(std::string_view bytes, const char* version, Policy& policy, Caller& caller) {
  Unpacker unpacker{bytes};
  unpacker.get(caller.version);
  if (caller.version != version) {
    throw Error{"this library is of version " + caller.version + ", sandbox-exec of " + version};
  }
  std::uint64_t build = 0;
  unpacker.get(build);
  if (build != kBuild) {
    throw Error{"this library and sandbox-exec are two builds of one version", 0,
                "install both from the same build"};
  }
  unpacker.get(policy);
  unpacker.get(caller.environment);
  unpacker.get(caller.umask);
  unpacker.get(caller.prepared);
  std::string mask;
  unpacker.get(mask);
  if (mask.size() != sizeof(sigset_t) || !unpacker.at_end()) {
    throw Error{"bad message: it is too long"};
  }
  std::memcpy(&caller.signal_mask, mask.data(), mask.size());
}

std::string encode(const Report& report) {
  Packer packer;
  packer.put(kPacked);
  packer.put(report);
  return packer.take();
}

std::string encode_for_all(const Report& report) {
  return to_compact_json(report);
}

Report decode_report(std::string_view bytes) {
  if (!bytes.starts_with(kPacked)) return parse_report(bytes);
  Unpacker unpacker{bytes.substr(1)};
  Report report;
  unpacker.get(report);
  if (!unpacker.at_end()) throw Error{"bad message: it is too long"};
  return report;
}

}  // namespace sandbox::wire
