#include "supervise/run_alone.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <optional>

namespace sandbox {
namespace {

bool is_ignored(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

class SignalWatch {
 public:
  SignalWatch(boost::asio::io_context& loop, Run& run) : signals_(loop), run_(run) {
    for (const int signal : kInterruptingSignals) {
      if (!is_ignored(signal)) signals_.add(signal);  // what nohup(1) ignores stays ignored
    }
    wait();
  }

 private:
  void wait() {
    signals_.async_wait([this](auto error, int signal) {
      if (error) return;
      wait();
      run_.take_signal(signal);
    });
  }

  boost::asio::signal_set signals_;
  Run& run_;
};

}  // namespace

Report run_alone(const Policy& policy, const RunOptions& options) {
  boost::asio::io_context loop{1};
  LaunchOptions launch;
  launch.command_line = options.command_line;
  launch.test_mask = options.held.before();
  Run run{loop, policy, launch};
  const SignalWatch signals{loop, run};
  std::optional<Report> report;
  const auto done = [&](const Report& made) {
    report = made;
    loop.stop();
  };
  run.start(done, options.sink);
  if (!report) {
    const ReleasedSignals released{options.held.before()};
    loop.run();
  }
  return std::move(*report);
}

}  // namespace sandbox
