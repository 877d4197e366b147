#include "spawner/wire.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "spawner/messages.h"
#include "sys/error.h"
#include "sys/fd_passing.h"

namespace sandbox::wire {
namespace {

constexpr std::size_t kFixedFds = 6;  // the message, report, in, out, error, cwd

UniqueFd as_memory_file(const std::string& bytes) {
  UniqueFd file{::memfd_create("sandbox-exec: start", MFD_CLOEXEC)};
  const auto size = static_cast<ssize_t>(bytes.size());
  if (!file || ::write(file.get(), bytes.data(), bytes.size()) != size) {
    throw Error{"cannot write a message to the spawner", errno};
  }
  return file;
}

std::string contents_of(int file) {
  struct stat st {};
  if (::fstat(file, &st) < 0 || !S_ISREG(st.st_mode)) throw Error{"bad message: no file"};
  std::string bytes(static_cast<std::size_t>(st.st_size), '\0');
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
  const int error = receive_fds(socket, &received.packet, sizeof received.packet, received.fds);
  if (error == 0) return received;
  errno = error;
  return std::nullopt;
}

int send_start(int socket, std::uint64_t id, const Policy& policy, const Caller& caller,
               const std::vector<int>& fds) {
  if (fds.size() >= kMostPassedFds) throw Error{"too many descriptors to keep"};
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
