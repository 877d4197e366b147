#include "channel.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace sandbox {
namespace internal {
namespace {

constexpr const char* kVariable = "SANDBOX_CHANNEL_FD";
constexpr int kPatienceMs = 5000;

// A number that means something else by now is left alone.
bool is_channel(int fd) {
  int type = 0;
  socklen_t size = sizeof type;
  return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

// Sockets have one file system, and each an inode of its own. 0: not open.
ino_t inode_of(int fd) {
  struct stat file;
  return ::fstat(fd, &file) == 0 && S_ISSOCK(file.st_mode) ? file.st_ino : 0;
}

// The bytes that follow the first of a character of UTF-8; -1: it is none.
int following(unsigned char first) {
  if (first < 0x80) return 0;
  if (first >= 0xc2 && first < 0xe0) return 1;
  if (first >= 0xe0 && first < 0xf0) return 2;
  return first >= 0xf0 && first < 0xf5 ? 3 : -1;
}

bool is_character(const std::string& text, std::size_t at, std::size_t more) {
  for (std::size_t i = 1; i <= more; ++i) {
    if (at + i >= text.size() || (text[at + i] & 0xc0) != 0x80) return false;
  }
  const unsigned char second = more > 1 ? static_cast<unsigned char>(text[at + 1]) : 0;
  switch (static_cast<unsigned char>(text[at])) {
    case 0xe0:
      return second >= 0xa0;
    case 0xed:
      return second < 0xa0;
    case 0xf0:
      return second >= 0x90;
    case 0xf4:
      return second < 0x90;
    default:
      return true;
  }
}

// JSON is UTF-8: what is not becomes '?', one byte each.
std::string quoted(const std::string& text) {
  constexpr std::size_t kLongest = 1024;  // bytes that are kept (docs/channel.md)
  std::string result = "\"";
  for (std::size_t i = 0; i < text.size() && i < kLongest; ++i) {
    const char c = text[i];
    const int more = following(static_cast<unsigned char>(c));
    if (more < 0 || !is_character(text, i, static_cast<std::size_t>(more))) {
      result += '?';
      continue;
    }
    if (c == '"' || c == '\\') result += '\\';
    result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    result.append(text, i + 1, static_cast<std::size_t>(more));
    i += static_cast<std::size_t>(more);
  }
  return result + "\"";
}

// Where the value of `key` begins; null: there is none.
const char* find_value(const std::string& answer, const char* key) {
  const std::string wanted = std::string{"\""} + key + "\":";
  const std::size_t at = answer.find(wanted);
  return at == std::string::npos ? nullptr : answer.c_str() + at + wanted.size();
}

}  // namespace

std::int64_t monotonic_ns() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000000000 + now.tv_nsec;
}

bool read_figure(const std::string& answer, const char* key, double& value) {
  const char* text = find_value(answer, key);
  char* end = nullptr;
  const double figure = text ? std::strtod(text, &end) : 0;
  if (!text || end == text) return false;
  value = figure;
  return true;
}

bool read_figure(const std::string& answer, const char* key, std::int64_t& value) {
  const char* text = find_value(answer, key);
  char* end = nullptr;
  const long long figure = text ? std::strtoll(text, &end, 10) : 0;
  if (!text || end == text) return false;
  value = figure;
  return true;
}

bool read_flag(const std::string& answer, const char* key) {
  const char* text = find_value(answer, key);
  return text && std::strncmp(text, "true", 4) == 0;
}

Message::Message(const char* what) : text_{std::string{"{\"v\":1,\"do\":\""} + what + "\""} {}

Message& Message::add(const char* key, const std::string& text) {
  text_ += std::string{",\""} + key + "\":" + quoted(text);
  return *this;
}

Message& Message::add(const char* key, std::int64_t number) {
  text_ += std::string{",\""} + key + "\":" + std::to_string(number);
  return *this;
}

void Channel::claim() {
  const char* number = std::getenv(kVariable);
  if (!number) return;
  const int fd = std::atoi(number);
  ::unsetenv(kVariable);
  if (fd <= STDERR_FILENO || !is_channel(fd) || ::fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) return;
  fd_ = fd;
  owner_ = ::getpid();
  inode_ = inode_of(fd);
}

// A program may close its descriptors and open others in their places: those are its own.
bool Channel::is_open() const {
  return fd_ >= 0 && owner_ == ::getpid() && inode_of(fd_) == inode_;
}

void Channel::say(const Message& message) {
  if (!is_open()) return;
  const std::string text = message.text();
  while (::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

// Most answers come before this process has gone to sleep and been woken: on an idle machine that
// takes longer than all the rest.
ssize_t Channel::receive(char* text, std::size_t size) const {
  constexpr std::int64_t kSpinNs = 200000;
  const std::int64_t until = monotonic_ns() + kSpinNs;
  do {
    const ssize_t received = ::recv(fd_, text, size, MSG_DONTWAIT);
    if (received >= 0 || (errno != EAGAIN && errno != EINTR)) return received;
    ::sched_yield();
  } while (monotonic_ns() < until);
  pollfd answer = {fd_, POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&answer, 1, kPatienceMs);
  } while (ready < 0 && errno == EINTR);
  return ready > 0 ? ::recv(fd_, text, size, MSG_DONTWAIT) : -1;
}

std::string Channel::ask(const Message& message) {
  if (!is_open()) return "";
  say(message);
  char text[8192];
  const ssize_t size = receive(text, sizeof text);
  if (size > 0) return std::string(text, static_cast<std::size_t>(size));
  if (is_open()) ::close(fd_);  // so that the other side knows that no more is told
  fd_ = -1;
  return "";
}

}  // namespace internal
}  // namespace sandbox
