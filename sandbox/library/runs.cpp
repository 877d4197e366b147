#include "sandbox/runs.h"

#include <poll.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "library/spawner.h"

namespace sandbox {
namespace {

UniqueFd make_epoll() {
  UniqueFd fd = beyond_streams(UniqueFd{::epoll_create1(EPOLL_CLOEXEC)});
  if (!fd) throw Error{"cannot make an epoll descriptor", errno};
  return fd;
}

// Twice the CPUs: making namespaces and groups waits for the kernel's locks and grace periods.
unsigned most_spawners(const Runs::Options& options) {
  constexpr unsigned kForEachCpu = 2;
  const unsigned cpus = std::max(1U, std::thread::hardware_concurrency());
  return options.spawners ? options.spawners : kForEachCpu * cpus;
}

}  // namespace

// Each spawner does one thing at a time.
class Runs::Host {
 public:
  explicit Host(const Options& options) : options_(options), most_(most_spawners(options)) {}

  Id start(const Policy& policy, Callback callback, const Streams& streams) {
    const Id id = ++last_;
    idlest().start(id, policy, std::move(callback), streams);
    return id;
  }

  void dispatch() {
    epoll_event due[64];
    const int count = ::epoll_wait(epoll_.get(), due, 64, 0);
    for (int i = 0; i < count; ++i) {
      const std::uint64_t tag = due[i].data.u64;
      if (tag & kSocket) {
        spawners_[tag & ~kSocket]->take_news();
      } else if (Spawner* spawner = spawner_of(tag)) {
        spawner->read_report(tag);
      }
    }
  }

  // Null once the run has ended.
  Spawner* spawner_of(Id id) const {
    const auto found = std::ranges::find_if(spawners_, [&](auto& one) { return one->has(id); });
    return found == spawners_.end() ? nullptr : found->get();
  }

  int fd() const { return epoll_.get(); }

  std::size_t running() const {
    std::size_t count = 0;
    for (const auto& spawner : spawners_) count += spawner->running();
    return count;
  }

 private:
  static constexpr std::uint64_t kSocket = std::uint64_t{1} << 63;  // in epoll: a spawner's number

  // A new one where all are busy.
  Spawner& idlest() {
    const auto least = std::ranges::min_element(
        spawners_, {}, [](const auto& spawner) { return spawner->running(); });
    const bool enough = least != spawners_.end() && (*least)->running() == 0;
    if (enough || spawners_.size() == most_) return **least;
    const unsigned prepared = (options_.prepared + most_ - 1) / most_;
    return *spawners_.emplace_back(std::make_unique<Spawner>(
        options_.executable, prepared, epoll_.get(), kSocket | spawners_.size()));
  }

  const Options options_;
  const unsigned most_;
  const UniqueFd epoll_ = make_epoll();
  std::vector<std::unique_ptr<Spawner>> spawners_{};
  Id last_ = 0;
};

Runs::Runs() : Runs(Options{}) {}
Runs::Runs(const Options& options) : host_(std::make_unique<Host>(options)) {}
Runs::~Runs() = default;

Runs::Id Runs::start(const Policy& policy, Callback callback, const Streams& streams) {
  if (!callback) throw Error{"a run without a callback would end unseen"};
  return host_->start(policy, std::move(callback), streams);
}

int Runs::fd() const {
  return host_->fd();
}

void Runs::dispatch() {
  host_->dispatch();
}

void Runs::cancel(Id id) {
  if (Spawner* spawner = host_->spawner_of(id)) spawner->cancel(id);
}

void Runs::time_out(Id id, std::chrono::milliseconds limit) {
  if (Spawner* spawner = host_->spawner_of(id)) spawner->time_out(id, limit);
}

std::optional<std::uint64_t> Runs::memory_now(Id id) {
  Spawner* spawner = host_->spawner_of(id);
  return spawner ? spawner->memory_now(id) : std::nullopt;
}

std::optional<Runs::Process> Runs::take_process(Id id) {
  Spawner* spawner = host_->spawner_of(id);
  return spawner ? spawner->take_process(id) : std::nullopt;
}

std::size_t Runs::running() const {
  return host_->running();
}

Report run(const Policy& policy) {
  Runs runs;
  std::optional<Report> result;
  runs.start(policy, [&](const Report& report) { result = report; });
  while (!result) {
    pollfd ready{runs.fd(), POLLIN, 0};
    ::poll(&ready, 1, -1);
    runs.dispatch();
  }
  return std::move(*result);
}

}  // namespace sandbox
