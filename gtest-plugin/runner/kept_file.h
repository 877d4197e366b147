// A file without a name (memfd_create(2)) that a program in a sandbox writes by a path.
#pragma once

#include <cstddef>
#include <string>

#include "sys/unique_fd.h"

namespace sandbox::runner {

class KeptFile {
 public:
  // `most`: the bytes that fit, what is more is refused to its writer; 0: any number. Throws Error.
  explicit KeptFile(std::size_t most = 0);

  int fd() const { return fd_.get(); }

  // Its descriptor inside has one number for all (policy.keep_fds), so that sandboxes made ahead
  // fit. Until the next one's occupy() that number is this file here, for Runs::start().
  static int number();
  void occupy() const;
  // Of a descriptor inside.
  static std::string path(int number);

  // What was written.
  std::string text() const;

 private:
  UniqueFd fd_;
  std::size_t most_;
};

}  // namespace sandbox::runner
