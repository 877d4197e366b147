// show-world [ARGUMENT…]: what a test sees of itself and of its world, as one JSON object on
// stdout, asked of the kernel. Changes nothing.
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "probe.h"

namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

std::string whole(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Strings separated by NUL, as /proc/PID/cmdline has them.
std::vector<std::string> words(const std::string& text) {
  std::vector<std::string> result;
  std::istringstream stream(text);
  for (std::string word; std::getline(stream, word, '\0');) result.push_back(word);
  return result;
}

// "Seccomp" → "2"
std::map<std::string, std::string> status_fields() {
  std::map<std::string, std::string> fields;
  std::istringstream text(whole("/proc/self/status"));
  for (std::string line; std::getline(text, line);) {
    const auto colon = line.find(':');
    const auto value = line.find_first_not_of(" \t", colon + 1);
    fields[line.substr(0, colon)] = value == std::string::npos ? "" : line.substr(value);
  }
  return fields;
}

Json identity() {
  uid_t uid[3];
  gid_t gid[3];
  ::getresuid(&uid[0], &uid[1], &uid[2]);
  ::getresgid(&gid[0], &gid[1], &gid[2]);
  std::vector<gid_t> groups(65536);
  groups.resize(static_cast<std::size_t>(std::max(0, ::getgroups(65536, groups.data()))));
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return {{"uid", uid},
          {"gid", gid},
          {"groups", groups},
          {"umask", mask},
          {"uid_map", whole("/proc/self/uid_map")},
          {"gid_map", whole("/proc/self/gid_map")}};
}

Json processes() {
  std::vector<int> numbers;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") == std::string::npos)
      numbers.push_back(std::stoi(name));
  }
  return numbers;
}

Json open_fds() {
  Json fds = Json::object();
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code gone;  // the iterator's own fd lists itself
    const auto target = fs::read_symlink(entry.path(), gone).string();
    if (target.rfind("/proc/", 0) != 0) fds[entry.path().filename().string()] = target;
  }
  return fds;
}

Json network() {
  Json devices = Json::object();
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return nullptr;
  for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
    devices[one->ifa_name] = (one->ifa_flags & IFF_UP) != 0;
  }
  ::freeifaddrs(all);
  return devices;
}

Json resource_limits() {
  const std::map<std::string, __rlimit_resource> all{
      {"core", RLIMIT_CORE},      {"nofile", RLIMIT_NOFILE}, {"nproc", RLIMIT_NPROC},
      {"as", RLIMIT_AS},          {"stack", RLIMIT_STACK},   {"cpu", RLIMIT_CPU},
      {"memlock", RLIMIT_MEMLOCK}};
  Json limits = Json::object();
  for (const auto& [name, resource] : all) {
    rlimit limit{};
    ::getrlimit(resource, &limit);
    limits[name] = {limit.rlim_cur, limit.rlim_max};
  }
  return limits;
}

Json names_in(const char* directory) {
  std::vector<std::string> names;
  std::error_code unreadable;
  for (const auto& entry : fs::directory_iterator(directory, unreadable)) {
    names.push_back(entry.path().filename());
  }
  return names;
}

Json namespaces() {
  Json links = Json::object();
  for (const char* name : {"user", "pid", "mnt", "net", "ipc", "uts", "cgroup"}) {
    links[name] = fs::read_symlink(std::string("/proc/self/ns/") + name).string();
  }
  return links;
}

std::string hostname() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

std::string terminal() {
  const char* name = ::ttyname(0);
  return name != nullptr ? name : "";
}

}  // namespace

int main() {
  probe::live_at_most(60);
  std::error_code gone;
  Json world{{"identity", identity()},
             {"status", status_fields()},
             {"pid", ::getpid()},
             {"ppid", ::getppid()},
             {"pgrp", ::getpgrp()},
             {"sid", ::getsid(0)},
             {"cwd", fs::current_path(gone).string()},
             {"argv", words(whole("/proc/self/cmdline"))},
             {"environment", words(whole("/proc/self/environ"))},
             {"fds", open_fds()},
             {"mounts", whole("/proc/self/mountinfo")},
             {"devices", names_in("/dev")},
             {"cgroup_places", names_in("/sys/fs/cgroup")},
             {"network", network()},
             {"net_in_sys", names_in("/sys/class/net")},
             {"hostname", hostname()},
             {"limits", resource_limits()},
             {"processes", processes()},
             {"init_cmdline", words(whole("/proc/1/cmdline"))},
             {"init_environment", words(whole("/proc/1/environ"))},
             {"cgroup", whole("/proc/self/cgroup")},
             {"oom_score_adj", whole("/proc/self/oom_score_adj")},
             {"namespaces", namespaces()},
             {"terminal", terminal()}};
  std::puts(world.dump(1, ' ', false, Json::error_handler_t::replace).c_str());
}
