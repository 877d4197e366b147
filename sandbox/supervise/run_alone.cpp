#include "supervise/run_alone.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <optional>

#include "sys/error.h"
#include "sys/unique_fd.h"

namespace sandbox {
namespace {

bool is_ignored(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

// The caller holds them back: none is lost before the loop looks.
UniqueFd watch_signals() {
  sigset_t wanted;
  ::sigemptyset(&wanted);
  for (const int signal : kInterruptingSignals) {
    if (!is_ignored(signal)) ::sigaddset(&wanted, signal);  // what nohup(1) ignores stays ignored
  }
  UniqueFd fd{::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK)};
  if (!fd) throw Error{"cannot watch signals", errno};
  return fd;
}

class SignalWatch {
 public:
  SignalWatch(boost::asio::io_context& loop, Run& run)
      : signals_(loop, watch_signals().release()), run_(run) {
    wait();
  }

 private:
  void wait() {
    signals_.async_wait(signals_.wait_read, [this](auto error) {
      if (error) return;
      take();
      wait();
    });
  }

  void take() {
    signalfd_siginfo info{};
    while (::read(signals_.native_handle(), &info, sizeof info) == sizeof info) {
      run_.take_signal(static_cast<int>(info.ssi_signo));
    }
  }

  boost::asio::posix::stream_descriptor signals_;
  Run& run_;
};

}  // namespace

int run_alone(const Policy& policy, const RunOptions& options,
              const std::function<int(Report)>& tell) {
  boost::asio::io_context loop{1};
  LaunchOptions launch;
  launch.command_line = options.command_line;
  launch.test_mask = options.held.before();
  Run run{loop, policy, launch};
  std::optional<int> told;
  const auto done = [&](Report report) {
    told = tell(std::move(report));
    loop.stop();
  };
  run.start(done, options.sink);
  if (!told) {
    const SignalWatch signals{loop, run};
    loop.run();
  }
  return *told;
}

}  // namespace sandbox
