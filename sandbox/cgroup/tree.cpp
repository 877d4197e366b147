#include "cgroup/tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "sys/files.h"

namespace sandbox {

std::optional<std::string> HostCgroupTree::read(const std::string& path) const {
  return read_file(path);
}

bool HostCgroupTree::writable(const std::string& path) const {
  return ::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0;  // as whom we write
}

std::optional<uid_t> HostCgroupTree::owner(const std::string& path) const {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return status.st_uid;
}

bool HostCgroupTree::marked_delegated(const std::string& path) const {
  for (const char* name : {"user.delegate", "trusted.delegate"}) {
    char value = 0;
    if (::getxattr(path.c_str(), name, &value, 1) == 1 && value == '1') return true;
  }
  return false;
}

}  // namespace sandbox
