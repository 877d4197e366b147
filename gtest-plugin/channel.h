// The listener's end of the channel to sandbox-exec (docs/channel.md).
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

namespace sandbox {
namespace internal {

std::int64_t monotonic_ns();

// A figure of an answer; false: null, or not there.
bool read_figure(const std::string& answer, const char* key, double& value);
bool read_figure(const std::string& answer, const char* key, std::int64_t& value);
bool read_flag(const std::string& answer, const char* key);

// One JSON object, as text.
class Message {
 public:
  explicit Message(const char* what);
  Message& add(const char* key, const std::string& text);
  Message& add(const char* key, std::int64_t number);
  std::string text() const { return text_ + "}"; }

 private:
  std::string text_;
};

// Which TEST runs, in memory that the supervisor reads too (docs/channel.md).
struct Page;

class Channel {
 public:
  // Takes the channel from the environment: programs that this one starts find none. Safe to call
  // again.
  void claim();
  // In a sandbox, and in the process that claimed it: not in a child of fork(2).
  bool is_open() const;
  // Costs no system call but getpid(2), and counts also once the program has closed the channel.
  void begin_test(const std::string& test, const std::string& file, int line) const;
  void end_test() const;
  void say(const Message& message) const;
  // "" where no answer comes within seconds: from then on the channel is closed. From any thread.
  std::string ask(const Message& message);

 private:
  bool is_owner() const;
  void greet(int common);
  ssize_t receive(char* text, std::size_t size) const;

  std::atomic<int> fd_{-1};
  pid_t owner_ = -1;
  ino_t inode_ = 0;
  Page* page_ = nullptr;  // for good; null: each TEST's start is a message
  std::mutex one_at_a_time_{};
};

}  // namespace internal
}  // namespace sandbox
