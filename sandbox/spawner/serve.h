// sandbox-exec --spawner: starts and watches the sandboxes of a host process, which are made as the
// host's own children (CLONE_PARENT). Private to the library (library/).
#pragma once

namespace sandbox {

// Serves wire::kSocketFd until the host hangs up or is gone, then ends all that still runs and
// removes its groups. Returns the exit status.
int serve_host();

}  // namespace sandbox
