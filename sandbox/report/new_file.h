// A file that appears under its name whole or not at all. For this folder only.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <string_view>

#include "sys/unique_fd.h"

namespace sandbox {

class NewFile {
 public:
  // What happens to the path of `folder` later does not matter. Leaves nothing behind until
  // publish(): where the file system can (O_TMPFILE, open(2)), the file has no name until then.
  explicit NewFile(const std::string& folder);

  // Whether the folder takes a new file, by trying: access(2) knows nothing of quotas, root squash
  // or proc. Returns 0 or errno.
  int check() const;

  struct Content {
    std::string_view text;
    std::optional<struct stat> replaced{};  // whose mode and owner it gets
    std::string temporary{};                // a name that nobody else uses in that folder
  };
  // In one step for whoever looks at `name`; a symlink there is replaced. Returns 0 or errno, and
  // leaves nothing behind in that case. With mode 0666, less the umask, where none is replaced.
  int publish(const std::string& name, const Content& content);

  int folder() const { return folder_.get(); }

 private:
  int publish_named(const std::string& name, const Content& content) const;
  bool give_name(int unnamed, const std::string& name) const;
  int rename(const std::string& from, const std::string& to) const;

  UniqueFd folder_;
  UniqueFd unnamed_;
  int error_ = 0;
};

}  // namespace sandbox
