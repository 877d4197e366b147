// The cgroup file system as find_site sees it; a map of texts in tests.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace sandbox {

class CgroupTree {
 public:
  virtual ~CgroupTree() = default;

  // The whole file; nullopt where it is missing or unreadable.
  virtual std::optional<std::string> read(const std::string& path) const = 0;
  // Whether this process may write to the file, or make entries in the directory.
  virtual bool writable(const std::string& path) const = 0;
  // nullopt where there is nothing.
  virtual std::optional<uid_t> owner(const std::string& path) const = 0;
  // Whether systemd marked the group as given away (Delegate=yes: xattr user.delegate, or
  // trusted.delegate before systemd 251).
  virtual bool marked_delegated(const std::string& path) const = 0;
};

class HostCgroupTree final : public CgroupTree {
 public:
  std::optional<std::string> read(const std::string& path) const override;
  bool writable(const std::string& path) const override;
  std::optional<uid_t> owner(const std::string& path) const override;
  bool marked_delegated(const std::string& path) const override;
};

}  // namespace sandbox
