// What options and policy files may ask of the host: injected, so that they can be tested without
// one.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sandbox {

enum class FileKind { missing, dangling_link, unreachable, file, directory, device, other };

struct FileFacts {
  FileKind kind = FileKind::missing;
  int error = 0;  // errno where it is unreachable
  uid_t owner = 0;
};

struct FileText {
  std::string text{};
  int error = 0;  // errno; then there is no text
};

class World {
 public:
  virtual ~World() = default;

  // Absolute; empty when it no longer exists.
  virtual std::string cwd() const = 0;
  virtual uid_t user() const = 0;
  virtual std::optional<std::string> variable(const std::string& name) const = 0;
  // Follows symlinks.
  virtual FileFacts look(const std::string& path) const = 0;
  // The whole file; EFBIG above 1 MiB, so that a device or a wrong file ends too.
  virtual FileText read(const std::string& path) const = 0;
  // All symlinks resolved, or nullopt.
  virtual std::optional<std::string> real_path(const std::string& path) const = 0;
  virtual bool is_open(int fd) const = 0;
  // What `allow` takes; empty: names are not checked here.
  virtual std::vector<std::string_view> allow_names() const { return {}; }
};

// The real one. Make it before anything else is opened: is_open() is about what the caller handed
// over.
class HostWorld : public World {
 public:
  std::string cwd() const override;
  uid_t user() const override;
  std::optional<std::string> variable(const std::string& name) const override;
  FileFacts look(const std::string& path) const override;
  FileText read(const std::string& path) const override;
  std::optional<std::string> real_path(const std::string& path) const override;
  bool is_open(int fd) const override;
};

}  // namespace sandbox
