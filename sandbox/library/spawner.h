// One spawner as its host sees it: the runs it was asked for, and the sandboxes it has made.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "library/awaited_run.h"
#include "library/spawner_process.h"
#include "spawner/wire.h"

namespace sandbox {

class Spawner {
 public:
  using Id = Runs::Id;

  // Starts no process yet. What is to be waited for goes into `epoll`: the spawner's socket as
  // `tag`, a run's pipe as the run's number.
  Spawner(std::string executable, unsigned prepared, int epoll, std::uint64_t tag);
  Spawner(const Spawner&) = delete;
  Spawner& operator=(const Spawner&) = delete;
  // Kills what still runs and waits for it; a copy in a child of fork(2) only closes.
  ~Spawner();

  // Throws Error where no process can be started, or not be asked. Waits for one that is behind.
  void start(Id id, const Policy& policy, Runs::Callback callback, const Streams& streams);
  void cancel(Id id);
  void time_out(Id id, std::chrono::milliseconds limit);
  std::optional<std::uint64_t> memory_now(Id id);
  // As Runs::take_process.
  std::optional<Runs::Process> take_process(Id id);

  bool has(Id id) const { return runs_.contains(id); }
  std::size_t running() const { return runs_.size(); }

  // What epoll has told. They call callbacks.
  void take_news();
  void read_report(Id id);

 private:
  void need_process();
  void lose_process();
  void reap_spare();
  void tell(const wire::Packet& packet);
  int persist(const std::function<int()>& send);
  void send_start(Id id, const Policy& policy, const std::vector<int>& fds);
  bool take_packets();
  void take(wire::Received& received);
  void await_news(const AwaitedRun& run) const;
  void watch(int fd, std::uint64_t tag) const;
  void unwatch(int fd) const;

  const std::string executable_;
  const unsigned prepared_;
  const int epoll_;
  const std::uint64_t tag_;
  SpawnerProcess process_{};
  std::map<Id, AwaitedRun> runs_{};
  std::map<pid_t, Sandbox> spare_{};  // made ahead, and not used yet
};

}  // namespace sandbox
