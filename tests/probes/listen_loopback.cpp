// listen-loopback PORT [--wait]: listens on 127.0.0.1:PORT (0: any), reaches itself there and
// prints the port; --wait says it and then waits for one caller (60 s at most).
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "probe.h"

namespace {

constexpr auto kUsage = "listen-loopback PORT [--wait]";

sockaddr* generic(sockaddr_in& address) {
  return reinterpret_cast<sockaddr*>(&address);
}

int listen_on(sockaddr_in& address) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0) probe::fail("socket");
  if (::bind(listener, generic(address), sizeof address) != 0) probe::fail("bind");
  if (::listen(listener, 1) != 0) probe::fail("listen");
  socklen_t size = sizeof address;
  if (::getsockname(listener, generic(address), &size) != 0) probe::fail("getsockname");
  return listener;
}

void reach(sockaddr_in& address) {
  const int caller = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (caller < 0) probe::fail("socket");
  if (::connect(caller, generic(address), sizeof address) != 0) probe::fail("connect");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) probe::misused(kUsage);
  probe::live_at_most(60);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<in_port_t>(probe::number(argv[1], 65535, kUsage)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int listener = listen_on(address);
  const bool wait = argc == 3 && std::string_view(argv[2]) == "--wait";
  if (!wait) reach(address);
  probe::say(std::to_string(ntohs(address.sin_port)).c_str());
  if (::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC) < 0) probe::fail("accept");
  return 0;
}
