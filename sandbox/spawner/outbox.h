// What the host is told, in order. One that is behind is never waited for.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <optional>

#include "spawner/wire.h"
#include "sys/unique_fd.h"

namespace sandbox {

class Outbox {
 public:
  Outbox(boost::asio::io_context& loop, boost::asio::posix::stream_descriptor& socket)
      : socket_(socket), pause_(loop) {}

  // `fd` goes beside it, if it is one; it stays the caller's.
  void send(const wire::Packet& packet, int fd = -1);
  // Called when the host's socket holds all that was sent before: at once, or later.
  void when_sent(std::function<void()> then);

 private:
  struct Entry {
    std::optional<wire::Packet> packet{};  // none: only `then`
    UniqueFd fd{};
    std::function<void()> then{};
  };
  int try_send(const Entry& entry) const;
  void flush();
  void flush_later(int error);

  boost::asio::posix::stream_descriptor& socket_;
  boost::asio::steady_timer pause_;
  std::deque<Entry> entries_{};
  bool waiting_ = false;
};

}  // namespace sandbox
