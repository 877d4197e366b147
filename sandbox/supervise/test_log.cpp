#include "supervise/test_log.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <utility>

#include "policy/json_keys.h"
#include "report/keys.h"
#include "supervise/processes.h"

namespace sandbox {
namespace {

constexpr int kVersion = 1;
constexpr std::size_t kLongestMessage = 8192;
constexpr std::size_t kLongestName = 1024;
constexpr std::size_t kMostTests = 100'000;
constexpr std::size_t kMostText =
    16 << 20;                    // bytes of names and files; no cap of the test's holds them
constexpr int kMostAtOnce = 64;  // messages, before others of the loop have their turn

constexpr auto kAnswerKeys = [](auto& keys, const TestRecord& record) {
  keys.field("v", kVersion);
  kTestKeys(keys, record);
};

struct Packet {
  char data[kLongestMessage];
  std::size_t size = 0;
  pid_t sender = 0;  // 0: the kernel did not say
  UniqueFd fds[2];   // what came beside it
};

enum class Received { packet, nothing, end };

void take_beside(msghdr& header, Packet& packet) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET) continue;
    if (part->cmsg_type == SCM_CREDENTIALS) {
      ucred credentials{};
      std::memcpy(&credentials, CMSG_DATA(part), sizeof credentials);
      packet.sender = credentials.pid;
    } else if (part->cmsg_type == SCM_RIGHTS) {
      const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (std::size_t i = 0; i < count; ++i) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
        UniqueFd owner{fd};
        if (i < std::size(packet.fds)) packet.fds[i] = std::move(owner);
      }
    }
  }
}

// More descriptors than there is room for are closed by the kernel.
Received receive(int channel, Packet& packet) {
  iovec data{packet.data, sizeof packet.data};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  alignas(cmsghdr) char space[CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(sizeof(int[2]))];
  header.msg_control = space;
  header.msg_controllen = sizeof space;
  packet = {};
  const ssize_t n = ::recvmsg(channel, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (n < 0) return errno == EAGAIN || errno == EINTR ? Received::nothing : Received::end;
  take_beside(header, packet);
  // An empty packet looks like the end, but has a sender.
  if (n == 0 && packet.sender == 0) return Received::end;
  packet.size = header.msg_flags & MSG_TRUNC ? 0 : static_cast<std::size_t>(n);
  return Received::packet;
}

// Cut where a character ends.
std::string text_in(const Json& message, const char* key) {
  const auto found = message.find(key);
  if (found == message.end() || !found->is_string()) return "";
  std::string text = found->get<std::string>();
  if (text.size() <= kLongestName) return text;
  std::size_t end = kLongestName;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  return text;
}

std::optional<std::int64_t> number_in(const Json& message, const char* key) {
  const auto found = message.find(key);
  if (found == message.end() || !found->is_number_integer()) return std::nullopt;
  return found->get<std::int64_t>();
}

// Within bounds that nothing overflows.
std::optional<std::int64_t> count_in(const Json& message, const char* key) {
  constexpr std::int64_t kMost = std::int64_t{1} << 30;
  const auto number = number_in(message, key);
  return number ? std::optional{std::clamp(*number, -kMost, kMost)} : number;
}

std::string result_in(const Json& message) {
  const std::string result = text_in(message, "result");
  return result == "failed" || result == "skipped" ? result : "passed";
}

using Count = std::optional<std::uint64_t>;

// By how much it has grown.
std::optional<std::int64_t> change(const Count& before, const Count& now) {
  if (!before || !now) return std::nullopt;
  return static_cast<std::int64_t>(*now) - static_cast<std::int64_t>(*before);
}

std::optional<double> seconds(const Count& before_ns, const Count& now_ns) {
  const auto grown = change(before_ns, now_ns);
  if (!grown) return std::nullopt;
  return static_cast<double>(std::max<std::int64_t>(*grown, 0)) / 1e9;
}

void answer(int channel, const TestRecord& record) {
  const std::string text = KeyWriter::written(record, kAnswerKeys, JsonLayout::one_line);
  (void)::send(channel, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace

bool TestLog::take_messages(int channel, From from) {
  Packet packet;
  for (int taken = 0; taken < kMostAtOnce; ++taken) {
    const Received received = receive(channel, packet);
    if (received == Received::nothing) return true;
    if (received == Received::end) {
      if (from == From::speaker || !page_) notice_end();
      return false;
    }
    if (from == From::anyone && !listen_to(packet.sender)) continue;
    const Json message = Json::parse(std::string_view{packet.data, packet.size}, nullptr, false);
    if (!message.is_object() || number_in(message, "v") != kVersion) continue;
    if (text_in(message, "do") == "hello") {
      greet(std::move(packet.fds[0]), std::move(packet.fds[1]));
    } else {
      obey(channel, message);
    }
  }
  return true;
}

// The first that speaks, until it is gone: then its TEST has not been finished.
bool TestLog::listen_to(pid_t sender) {
  if (sender_ == sender) return true;
  if (sender_ && goes_on(*sender_)) {
    others_spoke_ = true;
    return false;
  }
  look_at_page();
  if (sender_) close(Clock::now());
  running_.clear();
  page_.reset();
  sender_ = sender;
  return true;
}

void TestLog::greet(UniqueFd socket, UniqueFd memory) {
  page_ = TestPage::map(memory);
  page_shows_ = 0;
  if (page_) speaker_ = std::move(socket);
}

// The page is ahead of what was told: a TEST that begins is only written there.
void TestLog::look_at_page() {
  const auto shown = page_ ? page_->read() : std::nullopt;
  if (!shown || shown->sequence == page_shows_) return;
  page_shows_ = shown->sequence;
  // The one before has ended, but could not tell.
  if (!running_.empty() && !is_told_of_) end_current("unknown", bounded(shown->at_ns));
  running_.clear();
  if (!shown->test.empty()) {
    begin({.name = shown->test, .file = shown->file, .line = shown->line}, bounded(shown->at_ns));
  }
}

void TestLog::drop_if_gone() {
  look_at_page();
  if (running_.empty() || !sender_ || goes_on(*sender_)) return;
  close(Clock::now());
  running_.clear();
}

// A program that goes on has closed it, as one that closes all its descriptors: no more figures. Of
// what runs then only its page can tell.
void TestLog::notice_end() {
  look_at_page();
  if (running_.empty() || !sender_ || !goes_on(*sender_)) return;
  end_current("unknown", Clock::now());
  closed_in_ = page_ ? running_ : std::exchange(running_, "");
  is_told_of_ = true;
}

void TestLog::obey(int channel, const Json& message) {
  look_at_page();
  const std::string wanted = text_in(message, "do");
  if (wanted == "test-start") {
    const auto line = number_in(message, "line").value_or(0);
    begin({.name = text_in(message, "test"),
           .file = text_in(message, "file"),
           .line = static_cast<int>(std::clamp<std::int64_t>(line, 0, std::int64_t{1} << 30))},
          time_in(message));
  }
  if (wanted == "test-end") answer(channel, finish(message));
  if (wanted == "usage") {
    answer(channel, figures_until(group_.sample(PeakAfter::goes_on), time_in(message)));
  }
  if (wanted == "test-result" && last_ended_) tests_[*last_ended_].result = result_in(message);
  if (wanted == "baseline") {
    before_ = {group_.sample(PeakAfter::starts_anew), Clock::now()};
    answer(channel, TestRecord{});
  }
}

void TestLog::begin(TestRecord test, Clock::time_point at) {
  if (!running_.empty()) close(at);
  current_ = std::move(test);
  before_.at = at;
  running_ = current_.name;
  is_told_of_ = false;
}

// Without a TEST that runs, its answer is about nobody.
TestRecord TestLog::finish(const Json& message) {
  if (running_.empty()) return {};
  current_.threads_left = count_in(message, "threads_left");
  current_.descriptors_left = count_in(message, "descriptors_left");
  const std::size_t kept = tests_.size();
  TestRecord record = end_current(result_in(message), time_in(message));
  last_ended_ = tests_.size() > kept ? std::optional{kept} : std::nullopt;
  running_.clear();
  return record;
}

void TestLog::close(Clock::time_point end) {
  if (!running_.empty() && !is_told_of_) end_current("unfinished", end);
}

void TestLog::end(Clock::time_point at) {
  look_at_page();
  close(at);
  const bool is_kept = !tests_.empty() && tests_.back().name == running_;
  if (is_told_of_ && !running_.empty() && is_kept) tests_.back().result = "unfinished";
}

TestRecord TestLog::end_current(std::string result, Clock::time_point at) {
  GroupSample now = group_.sample(PeakAfter::starts_anew);
  TestRecord record = figures_until(now, at);
  record.result = std::move(result);
  keep(record);
  before_ = {std::move(now), at};
  return record;
}

TestRecord TestLog::figures_until(const GroupSample& now, Clock::time_point at) const {
  const GroupSample& before = before_.sample;
  const std::chrono::duration<double> wall = at - before_.at;
  TestRecord record = current_;
  record.wall_seconds = std::max(wall.count(), 0.0);
  record.cpu_user_seconds = seconds(before.cpu_user_ns, now.cpu_user_ns);
  record.cpu_system_seconds = seconds(before.cpu_system_ns, now.cpu_system_ns);
  record.cpu_throttled_seconds = seconds(before.cpu_throttled_ns, now.cpu_throttled_ns);
  record.memory_peak_bytes = now.memory_peak;
  record.memory_peak_cumulative = now.memory_peak && !before.peak_is_reset;
  record.memory_grown_bytes = change(before.memory_now, now.memory_now);
  if (const auto kills = change(before.oom_kills, now.oom_kills))
    record.oom_kills = static_cast<std::uint64_t>(std::max<std::int64_t>(*kills, 0));
  if (const auto tasks = change(before.tasks, now.tasks))
    record.processes_left = std::max<std::int64_t>(*tasks - record.threads_left.value_or(0), 0);
  return record;
}

void TestLog::keep(const TestRecord& record) {
  const std::size_t text = record.name.size() + record.file.size();
  if (tests_.size() >= kMostTests || text_kept_ + text > kMostText) {
    ++not_kept_;
    return;
  }
  text_kept_ += text;
  tests_.push_back(record);
}

TestLog::Clock::time_point TestLog::time_in(const Json& message) const {
  const auto said = number_in(message, "at_ns");
  return said ? bounded(*said) : Clock::now();
}

// The program's word, where it can be true.
TestLog::Clock::time_point TestLog::bounded(std::int64_t at_ns) const {
  const Clock::time_point now = Clock::now();
  return std::clamp(Clock::time_point{std::chrono::nanoseconds{at_ns}}, std::min(before_.at, now),
                    now);
}

}  // namespace sandbox
