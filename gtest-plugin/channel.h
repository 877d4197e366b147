// The listener's end of the channel to sandbox-exec (docs/channel.md).
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>

// Before each definition that others see: a program may get the listener several times, by an
// object library, by a shared one and by itself. One counts for all.
#define SANDBOX_ONCE __attribute__((weak, visibility("default")))

namespace sandbox {
namespace internal {

std::int64_t monotonic_ns();

// One flat JSON object. Its figures: false where one is null, or not there.
class Answer {
 public:
  // Empty: there was none.
  explicit Answer(std::string text);
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;
  bool empty() const { return text_.empty(); }
  bool read(const char* key, double& value) const;
  bool read(const char* key, std::int64_t& value) const;
  bool is_true(const char* key) const;

 private:
  struct Field {
    const char* key;  // in text_, up to a quotation mark
    const char* value;
  };
  static constexpr std::size_t kMost = 32;
  const char* find(const char* key) const;

  const std::string text_;
  Field fields_[kMost];
  std::size_t count_ = 0;
};

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
  void send(const Message& message) const;
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
