#include "spawner/outbox.h"

#include <fcntl.h>

#include <cerrno>
#include <chrono>
#include <utility>

namespace sandbox {

// A host that gets no descriptor opens one itself: the process is its child.
void Outbox::send(const wire::Packet& packet, int fd) {
  Entry entry{.packet = packet};
  if (fd >= 0) entry.fd.reset(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  entries_.push_back(std::move(entry));
  flush();
}

void Outbox::when_sent(std::function<void()> then) {
  entries_.push_back({.then = std::move(then)});
  flush();
}

int Outbox::try_send(const Entry& entry) const {
  if (!entry.packet) return 0;
  std::vector<int> fds;
  if (entry.fd) fds.push_back(entry.fd.get());
  return wire::send(socket_.native_handle(), *entry.packet, fds);
}

// What else goes wrong is a host that has gone, which is noticed by itself.
void Outbox::flush() {
  while (!waiting_ && !entries_.empty()) {
    const int error = try_send(entries_.front());
    if (error == EAGAIN || error == ETOOMANYREFS || error == ENOBUFS) return flush_later(error);
    const Entry sent = std::move(entries_.front());
    entries_.pop_front();
    if (sent.then) sent.then();
  }
}

void Outbox::flush_later(int error) {
  constexpr std::chrono::milliseconds kPause{5};
  const auto again = [this](boost::system::error_code failure) {
    waiting_ = false;
    if (!failure) flush();
  };
  waiting_ = true;
  if (error == EAGAIN) {
    socket_.async_wait(boost::asio::posix::stream_descriptor::wait_write, again);
  } else {  // the socket is writable: descriptors under way elsewhere are in the way
    pause_.expires_after(kPause);
    pause_.async_wait(again);
  }
}

}  // namespace sandbox
