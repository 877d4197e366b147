// Watches one sandbox from its launch to its end, on somebody's event loop.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "launch/clone.h"
#include "plan/plan.h"
#include "policy/policy.h"
#include "supervise/observation.h"

namespace boost::asio {
class io_context;
}

namespace sandbox {

struct Watched {
  const Plan& plan;
  const Policy& policy;
  Group& group;
  bool terminal = false;  // the test shares the caller's terminal
  Clock::time_point began;
  const std::function<void(const Event&)>& on_event;  // as it is noted; may be empty
};

class Supervisor {
 public:
  using Done = std::function<void(Observation)>;

  // What `watched` refers to must outlive it.
  Supervisor(boost::asio::io_context& loop, const Watched& watched);
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;
  ~Supervisor();

  // `done` is called once, from the loop, when PID 1 is gone and, where it is ours, reaped; it may
  // destroy this.
  void start(SandboxProcess process, Done done);

  // What a signal means that this process got, or its caller stands for: an interrupt, or (SIGUSR1,
  // SIGUSR2) one more for the test.
  void take_signal(int signal);
  // As if `limit` had been the run's --timeout, and had passed.
  void time_out(std::chrono::milliseconds limit);

 private:
  class Loop;
  std::shared_ptr<Loop> loop_;
};

}  // namespace sandbox
