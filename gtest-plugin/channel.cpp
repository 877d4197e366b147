#include "channel.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <utility>

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

constexpr std::size_t kPageSize = 4096;

// At most what fits, cut where a character ends.
template <std::size_t N>
void copy(char (&field)[N], const std::string& text) {
  std::size_t size = text.size() < N ? text.size() : N - 1;
  while (size < text.size() && size > 0 && (text[size] & 0xc0) == 0x80) --size;
  std::memcpy(field, text.data(), size);
  field[size] = '\0';
}

bool send_hello(int common, int socket, int memory) {
  const std::string text = Message{"hello"}.text();
  const int fds[] = {socket, memory};
  iovec data = {const_cast<char*>(text.data()), text.size()};
  alignas(cmsghdr) char space[CMSG_SPACE(sizeof fds)] = {};
  msghdr header = {};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  header.msg_control = space;
  header.msg_controllen = sizeof space;
  cmsghdr* const rights = CMSG_FIRSTHDR(&header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof fds);
  std::memcpy(CMSG_DATA(rights), fds, sizeof fds);
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(common, &header, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent >= 0;
}

// The character after the string that begins at `text`, a quotation mark.
const char* end_of_string(const char* text) {
  for (++text; *text != '\0' && *text != '"'; ++text) {
    if (*text == '\\' && text[1] != '\0') ++text;
  }
  return *text == '"' ? text + 1 : text;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// A number of JSON; strtod(3) would read it by the locale that a TEST has set. False: it is none.
bool parse_number(const char* text, double& value) {
  const bool negative = *text == '-';
  if (negative) ++text;
  if (!is_digit(*text)) return false;
  double digits = 0;
  int exponent = 0;
  for (; is_digit(*text); ++text) digits = digits * 10 + (*text - '0');
  if (*text == '.') {
    for (++text; is_digit(*text); ++text, --exponent) digits = digits * 10 + (*text - '0');
  }
  if (*text == 'e' || *text == 'E') exponent += std::atoi(text + 1);
  value = (negative ? -digits : digits) * std::pow(10, exponent);
  return true;
}

}  // namespace

// As docs/channel.md lays it out. A sequence that is odd: it is being written.
struct Page {
  std::uint32_t version;
  std::atomic<std::uint32_t> sequence;
  std::int64_t at_ns;
  std::int32_t line;
  std::atomic<std::int32_t> cpu_and_one;  // 0: not told
  char test[1024];
  char file[1024];

  void write(const std::string& name, const std::string& place, int at_line, std::int64_t now_ns) {
    const std::uint32_t before = sequence.load(std::memory_order_relaxed);
    sequence.store(before + 1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    version = 1;
    at_ns = now_ns;
    line = at_line;
    copy(test, name);
    copy(file, place);
    sequence.store(before + 2, std::memory_order_release);
  }

  // Where this thread waits for an answer.
  void show_cpu() { cpu_and_one.store(::sched_getcpu() + 1, std::memory_order_relaxed); }
};

namespace {

// Its memory as a descriptor, and mapped; -1 and null where that fails. A child of fork(2) does not
// have it.
int make_page(Page*& page) {
  static_assert(sizeof(Page) <= kPageSize, "it is one page");
  const int memory = ::memfd_create("sandbox-gtest", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (memory < 0) return -1;
  if (::ftruncate(memory, kPageSize) != 0 || ::fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK) != 0)
    return memory;
  void* const mapped = ::mmap(nullptr, kPageSize, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
  if (mapped == MAP_FAILED) return memory;
  ::madvise(mapped, kPageSize, MADV_DONTFORK);
  page = static_cast<Page*>(mapped);
  return memory;
}

}  // namespace

SANDBOX_ONCE std::int64_t monotonic_ns() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000000000 + now.tv_nsec;
}

SANDBOX_ONCE Answer::Answer(std::string text) : text_(std::move(text)) {
  for (const char* at = text_.c_str(); *at != '\0';) {
    if (*at != '"') {
      ++at;
      continue;
    }
    const char* const end = end_of_string(at);
    if (*end == ':' && count_ < kMost) fields_[count_++] = {at + 1, end + 1};
    at = end;
  }
}

SANDBOX_ONCE const char* Answer::find(const char* key) const {
  const std::size_t size = std::strlen(key);
  for (std::size_t i = 0; i < count_; ++i) {
    const Field& field = fields_[i];
    if (std::strncmp(field.key, key, size) == 0 && field.key[size] == '"') return field.value;
  }
  return nullptr;
}

SANDBOX_ONCE bool Answer::read(const char* key, double& value) const {
  const char* const text = find(key);
  return text && parse_number(text, value);
}

SANDBOX_ONCE bool Answer::read(const char* key, std::int64_t& value) const {
  const char* const text = find(key);
  if (!text || (*text != '-' && !is_digit(*text))) return false;
  value = std::strtoll(text, nullptr, 10);
  return true;
}

SANDBOX_ONCE bool Answer::is_true(const char* key) const {
  const char* const text = find(key);
  return text && std::strncmp(text, "true", 4) == 0;
}

SANDBOX_ONCE Message::Message(const char* what)
    : text_{std::string{"{\"v\":1,\"do\":\""} + what + "\""} {}

SANDBOX_ONCE Message& Message::add(const char* key, const std::string& text) {
  text_ += std::string{",\""} + key + "\":" + quoted(text);
  return *this;
}

SANDBOX_ONCE Message& Message::add(const char* key, std::int64_t number) {
  text_ += std::string{",\""} + key + "\":" + std::to_string(number);
  return *this;
}

SANDBOX_ONCE void Channel::claim() {
  const char* number = std::getenv(kVariable);
  if (!number) return;
  const int fd = std::atoi(number);
  ::unsetenv(kVariable);
  if (fd <= STDERR_FILENO || !is_channel(fd) || ::fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) return;
  fd_ = fd;
  owner_ = ::getpid();
  greet(fd);
  inode_ = inode_of(fd_);
}

// From now on over a socket of its own, so that another program of the sandbox takes no answers.
SANDBOX_ONCE void Channel::greet(int common) {
  constexpr int kLowest = 60;  // out of the way of numbers that a test may count on
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return;
  const int memory = make_page(page_);
  const int own = ::fcntl(ends[0], F_DUPFD_CLOEXEC, kLowest);
  const bool greeted = page_ && own >= 0 && send_hello(common, ends[1], memory);
  ::close(ends[0]);
  ::close(ends[1]);
  if (memory >= 0) ::close(memory);
  if (greeted) {
    fd_ = own;
    ::close(common);
    return;
  }
  if (own >= 0) ::close(own);
  if (page_) ::munmap(page_, kPageSize);
  page_ = nullptr;
}

SANDBOX_ONCE bool Channel::is_owner() const {
  return owner_ == ::getpid();
}

// A program may close its descriptors and open others in their places: those are its own.
SANDBOX_ONCE bool Channel::is_open() const {
  return fd_ >= 0 && is_owner() && inode_of(fd_) == inode_;
}

SANDBOX_ONCE void Channel::begin_test(const std::string& test, const std::string& file,
                                      int line) const {
  if (page_ && is_owner()) return page_->write(test, file, line, monotonic_ns());
  if (is_open())
    say(Message{"test-start"}
            .add("test", test)
            .add("file", file)
            .add("line", line)
            .add("at_ns", monotonic_ns()));
}

SANDBOX_ONCE void Channel::end_test() const {
  if (page_ && is_owner()) page_->write("", "", 0, monotonic_ns());
}

SANDBOX_ONCE void Channel::say(const Message& message) const {
  if (is_open()) send(message);
}

SANDBOX_ONCE void Channel::send(const Message& message) const {
  const std::string text = message.text();
  while (::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

// Most answers come before this process has gone to sleep and been woken: on an idle machine that
// takes longer than all the rest.
SANDBOX_ONCE ssize_t Channel::receive(char* text, std::size_t size) const {
  constexpr std::int64_t kSpinNs = 200000;
  const std::int64_t until = monotonic_ns() + kSpinNs;
  do {
    const ssize_t received = ::recv(fd_, text, size, MSG_DONTWAIT);
    if (received >= 0 || (errno != EAGAIN && errno != EINTR)) return received;
    ::sched_yield();
  } while (monotonic_ns() < until);
  pollfd answer = {fd_, POLLIN, 0};
  const std::int64_t deadline = monotonic_ns() + std::int64_t{kPatienceMs} * 1000000;
  int ready = 0;
  do {
    const std::int64_t left = (deadline - monotonic_ns()) / 1000000;
    ready = ::poll(&answer, 1, left > 0 ? static_cast<int>(left) : 0);
  } while (ready < 0 && errno == EINTR);
  return ready > 0 ? ::recv(fd_, text, size, MSG_DONTWAIT) : -1;
}

SANDBOX_ONCE std::string Channel::ask(const Message& message) {
  if (!is_owner()) return "";  // a child of fork(2) may have been given the lock as it was held
  const std::lock_guard<std::mutex> lock{one_at_a_time_};
  if (!is_open()) return "";
  if (page_) page_->show_cpu();
  send(message);
  char text[8192];
  const ssize_t size = receive(text, sizeof text);
  if (size > 0) return std::string(text, static_cast<std::size_t>(size));
  if (is_open()) ::close(fd_);  // so that the other side knows that no more is told
  fd_ = -1;
  return "";
}

}  // namespace internal
}  // namespace sandbox
