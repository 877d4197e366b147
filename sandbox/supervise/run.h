// One run, whole: probe, plan, launch, supervise, report.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "launch/clone.h"
#include "policy/policy.h"
#include "report/event_stream.h"
#include "report/report.h"
#include "sys/error.h"

namespace boost::asio {
class io_context;
}

namespace sandbox {

class PreparedSandboxes;

// The report of a run that was refused before it began: bad options.
Report refuse(const Policy& policy, const Error& error);

// On somebody's event loop. Writes no report and prints nothing.
class Run {
 public:
  using Done = std::function<void(Report)>;

  // `policy` must be complete (policy/policy.h). Where `prepared` has the sandbox that is needed,
  // that one is used; it must outlive this.
  Run(boost::asio::io_context& loop, const Policy& policy, const LaunchOptions& launch,
      PreparedSandboxes* prepared = nullptr);
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  // Kills what still runs.
  ~Run();

  const std::string& id() const;

  // `done` is called once, with the report: from here when the set-up fails, else from the loop.
  // Whatever can go wrong in a run is in the report. `done` may not destroy this. `sink` is
  // called meanwhile, begin() first.
  void start(Done done, EventSink sink = {});

  // As Supervisor::take_signal; before the launch it does nothing.
  void take_signal(int signal);
  // As Supervisor::time_out; before the launch it does nothing.
  void time_out(std::chrono::milliseconds limit);

 private:
  class Stages;
  std::unique_ptr<Stages> stages_;
};

}  // namespace sandbox
