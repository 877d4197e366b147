// A host process's world for as long as one of its runs is prepared and launched: that code looks
// at this process's own, and the test inherits it.
#pragma once

#include <vector>

#include "spawner/wire.h"

namespace sandbox {

// Descriptors 0 to 2 become /dev/null, the environment empty, the working directory "/".
void leave_world();

class CallersWorld {
 public:
  // Descriptors 0 to 2, the working directory, the umask, the environment. Throws Error.
  explicit CallersWorld(const wire::Start& start);
  CallersWorld(const CallersWorld&) = delete;
  CallersWorld& operator=(const CallersWorld&) = delete;
  // Nothing of it is held any longer: a pipe's reader waits for its last writer.
  ~CallersWorld() { leave_world(); }

 private:
  std::vector<char*> environment_{};
};

}  // namespace sandbox
