// SIGINT, SIGTERM and SIGHUP while nobody waits for them: none is lost, none ends this process
// before its reports are written.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>

namespace sandbox::runner {

// One of these signals came before anything had run.
struct Interrupted {
  int signal = 0;
};

class Interrupts {
 public:
  Interrupts() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (!error) first_ = signal;
    });
  }

  // The first that came so far; 0: none.
  int first() {
    io_.poll();
    return first_;
  }

 private:
  boost::asio::io_context io_{1};
  boost::asio::signal_set signals_{io_, SIGINT, SIGTERM, SIGHUP};
  int first_ = 0;
};

}  // namespace sandbox::runner
