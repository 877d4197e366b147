// connect-to HOST PORT: connects by TCP to a numeric address (5 s at most); prints the errno's name
// and ends with 1 where that fails. connect-to unix PATH: the same for a socket file; "@NAME" is an
// abstract one.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>

#include "probe.h"

namespace {

constexpr auto kUsage = "connect-to HOST PORT | connect-to unix PATH";

int connect_unix(std::string name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.size() >= sizeof address.sun_path) probe::misused(kUsage);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  if (name[0] == '@') name[0] = '\0';
  std::memcpy(address.sun_path, name.data(), name.size());
  const int caller = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return ::connect(caller, reinterpret_cast<sockaddr*>(&address), size);
}

int connect_tcp(const char* host, const char* port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<in_port_t>(probe::number(port, 65535, kUsage)));
  if (::inet_pton(AF_INET, host, &address.sin_addr) != 1) probe::misused(kUsage);
  const int caller = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{5, 0};
  ::setsockopt(caller, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  return ::connect(caller, reinterpret_cast<sockaddr*>(&address), sizeof address);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) probe::misused(kUsage);
  const bool local = std::string_view(argv[1]) == "unix";
  if ((local ? connect_unix(argv[2]) : connect_tcp(argv[1], argv[2])) != 0) probe::fail("connect");
  probe::say("connected");
  return 0;
}
