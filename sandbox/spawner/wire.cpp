#include "spawner/wire.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "spawner/policy_cbor.h"
#include "sys/error.h"
#include "sys/send_fds.h"

namespace sandbox::wire {
namespace {

constexpr std::size_t kMostFds = 253;  // SCM_MAX_FD of unix(7)
constexpr std::size_t kFixedFds = 6;   // the message, report, in, out, error, cwd

std::vector<UniqueFd> take_fds(msghdr& header) {
  std::vector<UniqueFd> fds;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      fds.emplace_back(fd);
    }
  }
  return fds;
}

UniqueFd as_memory_file(const std::vector<std::uint8_t>& bytes) {
  UniqueFd file{::memfd_create("sandbox-exec: start", MFD_CLOEXEC)};
  const auto size = static_cast<ssize_t>(bytes.size());
  if (!file || ::write(file.get(), bytes.data(), bytes.size()) != size) {
    throw Error{"cannot write a message to the spawner", errno};
  }
  return file;
}

std::vector<std::uint8_t> contents_of(int file) {
  struct stat st {};
  if (::fstat(file, &st) < 0 || !S_ISREG(st.st_mode)) throw Error{"bad message: no file"};
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(st.st_size));
  const ssize_t n = ::pread(file, bytes.data(), bytes.size(), 0);
  if (n != static_cast<ssize_t>(bytes.size())) throw Error{"bad message: cannot be read", errno};
  return bytes;
}

}  // namespace

int send(int socket, const Packet& packet, const std::vector<int>& fds) {
  return send_fds(socket, &packet, sizeof packet, fds);
}

std::optional<Received> receive(int socket) {
  Received received;
  iovec data{&received.packet, sizeof received.packet};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  alignas(cmsghdr) std::array<unsigned char, CMSG_SPACE(kMostFds * sizeof(int))> space;
  header.msg_control = space.data();
  header.msg_controllen = space.size();
  const ssize_t n = ::recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (n < 0) return std::nullopt;
  received.fds = take_fds(header);
  const bool whole = n == sizeof received.packet && !(header.msg_flags & (MSG_TRUNC | MSG_CTRUNC));
  if (whole) return received;
  errno = n == 0 ? EPIPE : EBADMSG;
  return std::nullopt;
}

int send_start(int socket, std::uint64_t id, const Policy& policy, const Caller& caller,
               const std::vector<int>& fds) {
  if (fds.size() >= kMostFds) throw Error{"too many descriptors to keep"};
  const UniqueFd message = as_memory_file(encode(policy, caller));
  std::vector<int> all{message.get()};
  all.insert(all.end(), fds.begin(), fds.end());
  return send(socket, {Kind::start, 0, id}, all);
}

Start read_start(Received& received, const char* version) {
  std::vector<UniqueFd>& fds = received.fds;
  if (fds.size() < kFixedFds) throw Error{"bad message: too few descriptors"};
  Start start;
  decode(contents_of(fds[0].get()), version, start.policy, start.caller);
  if (fds.size() != kFixedFds + start.policy.keep_fds.size()) {
    throw Error{"bad message: another number of descriptors to keep"};
  }
  UniqueFd* const places[] = {&start.report, &start.in, &start.out, &start.error, &start.cwd};
  for (std::size_t i = 0; i < kFixedFds - 1; ++i) *places[i] = std::move(fds[i + 1]);
  start.kept.assign(std::make_move_iterator(fds.begin() + kFixedFds),
                    std::make_move_iterator(fds.end()));
  return start;
}

}  // namespace sandbox::wire
