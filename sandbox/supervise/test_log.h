// What a listener in the test program tells over its channel (docs/channel.md): which TEST runs. To
// each the group's figures are added, and given back.
//
// Who is inside may write anything: a message that means nothing is passed over, one sender is
// listened to at a time, and what is kept is bounded.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cgroup/group.h"
#include "policy/json_values.h"
#include "report/report.h"
#include "supervise/test_page.h"
#include "sys/unique_fd.h"

namespace sandbox {

class TestLog {
 public:
  using Clock = std::chrono::steady_clock;

  explicit TestLog(Group& group) : group_(group) {}

  // Who speaks on a socket: any process of the sandbox on the channel, where the kernel says which,
  // or the one that is listened to on its own.
  enum class From { anyone, speaker };
  // Takes the messages that wait there, and answers; a bounded number at a time. Returns false at
  // its end.
  bool take_messages(int channel, From from);
  // The socket that a new speaker brought along for itself, once.
  UniqueFd take_speaker() { return std::move(speaker_); }

  // The CPU that the program waits on for an answer; -1: it does not tell.
  int cpu_of_speaker() const { return page_ ? page_->cpu() : -1; }

  // When the run has ended: the TEST that ran is unfinished, with what it used by then.
  void end(Clock::time_point at);

  // A program that has died in a TEST does not run it any more, whatever goes on without it.
  void drop_if_gone();

  // Whether a second program spoke while the first went on.
  bool others_spoke() const { return others_spoke_; }
  // The TEST that runs, or in which the program ended; empty: none.
  const std::string& running() const { return running_; }
  std::vector<TestRecord> take() { return std::move(tests_); }
  // The TEST in which the program closed its channel, though it went on; empty: it did not.
  const std::string& closed_in() const { return closed_in_; }
  // TESTs that came after the most that are kept.
  std::size_t not_kept() const { return not_kept_; }

 private:
  struct Baseline {
    GroupSample sample{};
    Clock::time_point at{};
  };

  bool listen_to(pid_t sender);
  void greet(UniqueFd socket, UniqueFd memory);
  void look_at_page();
  void notice_end();
  void obey(int channel, const Json& message);
  void begin(TestRecord test, Clock::time_point at);
  void close(Clock::time_point end);
  TestRecord figures_until(const GroupSample& now, Clock::time_point at) const;
  TestRecord finish(const Json& message);
  TestRecord end_current(std::string result, Clock::time_point at);
  void keep(const TestRecord& record);
  Clock::time_point time_in(const Json& message) const;
  Clock::time_point bounded(std::int64_t at_ns) const;

  Group& group_;
  std::optional<pid_t> sender_{};
  UniqueFd speaker_{};
  std::unique_ptr<TestPage> page_{};  // the sender's; null: it tells by messages
  std::uint32_t page_shows_ = 0;
  Baseline before_{};
  TestRecord current_{};
  std::string running_{};
  std::string closed_in_{};
  std::vector<TestRecord> tests_{};
  bool others_spoke_ = false;
  bool is_told_of_ = false;                  // the TEST that runs is in tests_ already
  std::optional<std::size_t> last_ended_{};  // in tests_
  std::size_t text_kept_ = 0;
  std::size_t not_kept_ = 0;
};

}  // namespace sandbox
