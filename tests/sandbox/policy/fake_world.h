// A host in memory for options and policy files.
#pragma once

#include <cerrno>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "policy/world.h"
#include "sys/error.h"

namespace sandbox {

class FakeWorld : public World {
 public:
  std::string directory = "/home/u/proj";
  uid_t uid = 1000;
  std::map<std::string, std::string> variables{{"HOME", "/home/u"}};
  std::map<std::string, FileFacts> files{{"/home/u/proj", {FileKind::directory, 0, 1000}},
                                         {"/home/u/proj/data", {FileKind::directory, 0, 1000}},
                                         {"/home/u/proj/out", {FileKind::directory, 0, 1000}},
                                         {"/usr", {FileKind::directory, 0, 0}},
                                         {"/dev/fuse", {FileKind::device, 0, 0}}};
  std::map<std::string, std::string> texts{};
  std::map<std::string, std::string> real_paths{};
  std::set<int> open_fds{0, 1, 2};
  std::vector<std::string_view> allowed{};

  std::string cwd() const override { return directory; }
  uid_t user() const override { return uid; }
  std::optional<std::string> variable(const std::string& name) const override {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  }
  FileFacts look(const std::string& path) const override {
    const auto found = files.find(path);
    return found == files.end() ? FileFacts{FileKind::missing, ENOENT, 0} : found->second;
  }
  FileText read(const std::string& path) const override {
    const auto found = texts.find(path);
    return found == texts.end() ? FileText{{}, ENOENT} : FileText{found->second, 0};
  }
  std::optional<std::string> real_path(const std::string& path) const override {
    const auto found = real_paths.find(path);
    return found == real_paths.end() ? std::nullopt : std::optional(found->second);
  }
  bool is_open(int fd) const override { return open_fds.contains(fd); }
  std::vector<std::string_view> allow_names() const override { return allowed; }
};

// "<what>\nhint: <hint>" of the Error that `act` throws; "" when it throws none.
template <typename F>
std::string refusal(F act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what() + (error.hint().empty() ? std::string{} : "\nhint: " + error.hint());
  }
  return {};
}

}  // namespace sandbox
