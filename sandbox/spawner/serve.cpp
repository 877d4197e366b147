#include "spawner/serve.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <csignal>
#include <map>
#include <memory>
#include <string>

#include "report/event_stream.h"
#include "report/write.h"
#include "rootfs/id_map.h"
#include "spawner/callers_world.h"
#include "spawner/messages.h"
#include "spawner/outbox.h"
#include "spawner/wire.h"
#include "supervise/prepared_sandboxes.h"
#include "supervise/run.h"
#include "sys/affinity.h"
#include "sys/error.h"

namespace sandbox {
namespace {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;

// What is sent to a whole process group, by a terminal or by a service manager, is meant for the
// host, which says what becomes of its runs; SIGPIPE for nobody. Blocked, not ignored: a test would
// inherit that.
void block_signals() {
  sigset_t blocked;
  ::sigemptyset(&blocked);
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM})
    ::sigaddset(&blocked, signal);
  ::sigprocmask(SIG_SETMASK, &blocked, nullptr);
}

// Some fifteen a run. Returns what the soft limit was, which tests get back.
std::uint64_t raise_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max) return 0;
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? before : 0;
}

// Descriptors for --keep-fd, by their numbers inside and out of the way of those.
std::map<int, int> move_kept(wire::Start& start) {
  std::map<int, int> kept;
  const std::vector<int>& numbers = start.policy.keep_fds;
  if (numbers.empty()) return kept;
  const int highest = *std::ranges::max_element(numbers);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    UniqueFd& fd = start.kept[i];
    fd.reset(::fcntl(fd.get(), F_DUPFD_CLOEXEC, highest + 1));
    if (!fd) throw Error{"cannot keep descriptor " + std::to_string(numbers[i]), errno};
    kept[numbers[i]] = fd.get();
  }
  return kept;
}

// Any map will do to try whether mounts take one. Null where there is nobody to map: each run sees
// to it.
std::shared_ptr<const UniqueFd> make_trial_map() try {
  return std::make_shared<UniqueFd>(make_id_map(1, 1));
} catch (const Error&) {
  return nullptr;
}

// A run and the pipe its report goes to.
struct Served {
  explicit Served(asio::io_context& loop) : pipe(loop) {}

  stream_descriptor pipe;
  std::unique_ptr<ReportTargets> targets{};  // of --report, --report-dir
  EventStream events{};
  std::unique_ptr<Run> run{};
  std::string report{};
};

class Spawner {
 public:
  Spawner() : loop_(1), socket_(loop_, wire::kSocketFd), host_(loop_, wire::kHostFd) {}

  void serve() {
    watch_host();
    watch_socket();
    loop_.run();
    runs_.clear();  // each kills what still runs and removes its group
    prepared_.reset();
  }

 private:
  void watch_host() {
    host_.async_wait(stream_descriptor::wait_read, [this](auto) { loop_.stop(); });
  }

  void watch_socket() {
    socket_.async_wait(stream_descriptor::wait_read, [this](auto error) {
      if (error || !take_packets()) {
        loop_.stop();
        return;
      }
      watch_socket();
    });
  }

  // False: the host has hung up. One packet a time, so that what runs is looked at in between.
  bool take_packets() {
    auto received = wire::receive(socket_.native_handle());
    if (!received) return errno != EPIPE && errno != ECONNRESET;
    obey(*received);
    return true;
  }

  void obey(wire::Received& received) {
    switch (received.packet.kind) {
      case wire::Kind::start:
        start(received);
        break;
      case wire::Kind::cancel:
        cancel(received.packet.id);
        break;
      case wire::Kind::time_out:
        time_out(received.packet);
        break;
      case wire::Kind::cloned:
      case wire::Kind::dropped:
        break;  // never from the host
    }
  }

  // Nothing to end in one that was refused.
  void cancel(std::uint64_t id) {
    const auto served = runs_.find(id);
    if (served != runs_.end() && served->second->run) served->second->run->take_signal(SIGTERM);
  }

  void time_out(const wire::Packet& packet) {
    const auto served = runs_.find(packet.id);
    if (served != runs_.end() && served->second->run)
      served->second->run->time_out(std::chrono::milliseconds{packet.limit_ms});
  }

  // What is wrong with a message is the report of its run, as far as it brought a pipe for one.
  void start(wire::Received& received) {
    const std::uint64_t id = received.packet.id;
    if (runs_.contains(id)) return;  // the pipe's end says that nothing came of it
    try {
      wire::Start start = wire::read_start(received, SANDBOX_VERSION);
      launch(id, start);
    } catch (const Error& error) {
      if (received.fds.size() > 1) refuse_start(id, std::move(received.fds[1]), error);
    } catch (const std::exception&) {  // a size that no memory holds: its pipe's end says so
      runs_.erase(id);
    }
  }

  void refuse_start(std::uint64_t id, UniqueFd pipe, const Error& error) {
    Served& served = add(id, pipe);
    send_report(id, served, wire::encode_for_all(refuse(Policy{}, error)));
  }

  Served& add(std::uint64_t id, UniqueFd& pipe) {
    auto& served = runs_[id];
    served = std::make_unique<Served>(loop_);
    served->pipe.assign(pipe.release());
    return *served;
  }

  void launch(std::uint64_t id, wire::Start& start) {
    return_to_own_cpus();
    Served& served = add(id, start.report);
    keep_prepared(start.caller.prepared);
    LaunchOptions options = launch_options(id);
    options.test_mask = start.caller.signal_mask;
    try {
      options.kept = move_kept(start);
      const CallersWorld world{start};
      refuse_descriptors(start.policy.reporting, STDERR_FILENO + 1,
                         "the callback gets the report; a file or a pipe can take it too");
      served.targets = std::make_unique<ReportTargets>(start.policy.reporting);
      served.events = EventStream{start.policy.reporting};
      served.run = std::make_unique<Run>(loop_, start.policy, options, prepared_.get());
      const auto done = [this, id, &served](Report report) {
        write(report, served);
        send_report(id, served, wire::encode(report));
      };
      served.run->start(done, served.events.sink());
    } catch (const Error& error) {
      served.run.reset();
      send_report(id, served, wire::encode(refuse(start.policy, error)));
    }
  }

  LaunchOptions launch_options(std::uint64_t id) {
    LaunchOptions options;
    options.parent = Parent::callers;
    options.open_files = open_files_;
    options.serial = serial_++;
    options.trial_map = trial_map_;
    options.cloned = [this, id](const SandboxProcess& process) {
      outbox_.send({wire::Kind::cloned, process.pid, id}, process.pidfd.get());
    };
    return options;
  }

  // Each holds some thirty descriptors, and runs that need others are to find enough.
  void keep_prepared(std::size_t count) {
    constexpr std::size_t kDescriptorsEach = 64;
    rlimit open_files{};
    ::getrlimit(RLIMIT_NOFILE, &open_files);
    count = std::min<std::size_t>(count, open_files.rlim_cur / kDescriptorsEach);
    if (count == 0 || prepared_) return;
    prepared_ = std::make_unique<PreparedSandboxes>(
        count, PreparedSandboxes::Hooks{[this] { return launch_options(0); },
                                        [this](pid_t pid) {
                                          outbox_.send({wire::Kind::dropped, pid, 0});
                                        }});
  }

  // For the next run, when one has ended; what is due comes in between.
  void make_prepared() {
    return_to_own_cpus();
    if (prepared_ && prepared_->make_one()) asio::post(loop_, [this] { make_prepared(); });
  }

  // A report that could not be written where it was asked for says so where it can be read.
  static void write(Report& report, Served& served) {
    if (auto warning = served.events.end(report)) report.warnings.push_back(std::move(*warning));
    try {
      served.targets->write(report);
    } catch (const Error& error) {
      report.warnings.emplace_back(error.what());
    }
  }

  // The end of the pipe tells the host that it has been told of all the run's sandboxes.
  void send_report(std::uint64_t id, Served& served, std::string report) {
    served.report = std::move(report);
    asio::async_write(served.pipe, asio::buffer(served.report), [this, id](auto, std::size_t) {
      outbox_.when_sent([this, id] { runs_.erase(id); });
      make_prepared();
    });
  }

  asio::io_context loop_;
  stream_descriptor socket_;
  stream_descriptor host_;
  Outbox outbox_{loop_, socket_};
  std::map<std::uint64_t, std::unique_ptr<Served>> runs_;
  const std::uint64_t open_files_ = raise_open_files();
  unsigned serial_ = 0;
  const std::shared_ptr<const UniqueFd> trial_map_ = make_trial_map();
  std::unique_ptr<PreparedSandboxes> prepared_;
};

}  // namespace

int serve_host() {
  leave_world();
  block_signals();
  Spawner{}.serve();
  return 0;
}

}  // namespace sandbox
