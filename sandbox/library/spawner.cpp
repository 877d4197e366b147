#include "library/spawner.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "cgroup/process_memory.h"
#include "sys/error.h"
#include "sys/files.h"

extern char** environ;

namespace sandbox {
namespace {

constexpr std::uint64_t kSpare = 0;  // a packet's id; runs count from 1

// The only way to read the umask is to set it, which other threads would see.
mode_t current_umask() {
  const auto status = read_file("/proc/thread-self/status").value_or("");
  const auto at = status.find("\nUmask:");
  return at == std::string::npos ? 022 : std::stoul(status.substr(at + 7), nullptr, 8);
}

wire::Caller describe_caller() {
  wire::Caller caller;
  caller.version = SANDBOX_VERSION;
  for (char** entry = environ; entry && *entry; ++entry) caller.environment.emplace_back(*entry);
  caller.umask = current_umask();
  ::pthread_sigmask(SIG_SETMASK, nullptr, &caller.signal_mask);
  return caller;
}

// /dev/null in the place of a standard stream that is closed here.
int stream_or_nothing(int fd, UniqueFd& nothing) {
  if (::fcntl(fd, F_GETFD) >= 0) return fd;
  if (fd < 0 || fd > STDERR_FILENO) {
    throw Error{"the test's stream " + std::to_string(fd) + " is not open", errno};
  }
  if (!nothing) nothing = beyond_streams(UniqueFd{::open("/dev/null", O_RDWR | O_CLOEXEC)});
  if (!nothing) throw Error{"cannot open /dev/null", errno};
  return nothing.get();
}

}  // namespace

Spawner::Spawner(std::string executable, unsigned prepared, int epoll, std::uint64_t tag)
    : executable_(std::move(executable)), prepared_(prepared), epoll_(epoll), tag_(tag) {}

void Spawner::watch(int fd, std::uint64_t tag) const {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = tag;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) < 0) {
    throw Error{"cannot watch a run", errno};
  }
}

// Before it is closed: a copy of it, in a child of fork(2), would go on being looked at.
void Spawner::unwatch(int fd) const {
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
}

void Spawner::need_process() {
  if (process_.socket) {
    if (process_.rights == own_rights()) return;
    throw Error{"this process has become another user since its first run", 0,
                "run tests by a new Runs"};
  }
  process_ = start_spawner(executable_.empty() ? find_executable() : executable_);
  watch(process_.socket.get(), tag_);
}

// It kills what still runs, and is waited for: nothing is left when this returns. One that has been
// stopped is killed, and its sandboxes with it.
Spawner::~Spawner() {
  constexpr int kPatienceMs = 10'000;
  if (!process_.socket || process_.host != ::getpid()) return;
  ::shutdown(process_.socket.get(), SHUT_WR);
  pollfd news{process_.socket.get(), POLLIN, 0};
  do {
    const int ready = ::poll(&news, 1, kPatienceMs);
    // This process may be another user by now: then nobody here can end it.
    if (ready == 0 && !kill(process_)) return;
  } while (take_packets());
  reap(process_);
  process_.socket.reset();
  for (auto& [id, run] : runs_) {
    for (const Sandbox& sandbox : run.sandboxes) sandbox.reap();
  }
  reap_spare();
}

void Spawner::reap_spare() {
  for (const auto& [pid, sandbox] : spare_) sandbox.reap();
  spare_.clear();
}

// Its sandboxes die with it, by themselves; its runs' pipes end, which dispatch() sees.
void Spawner::lose_process() {
  kill(process_);
  reap(process_);
  take_packets();
  unwatch(process_.socket.get());
  process_.socket.reset();
  reap_spare();
}

void Spawner::start(Id id, const Policy& policy, Runs::Callback callback, const Streams& streams) {
  need_process();
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) throw Error{"cannot make a pipe for the report", errno};
  const UniqueFd theirs = beyond_streams(UniqueFd{ends[1]});
  AwaitedRun run{policy, std::move(callback), beyond_streams(UniqueFd{ends[0]})};
  if (!theirs || !run.pipe) throw Error{"cannot make a pipe for the report", errno};
  ::fcntl(run.pipe.get(), F_SETFL, O_NONBLOCK);
  const UniqueFd cwd = beyond_streams(UniqueFd{::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)});
  if (!cwd) throw Error{"cannot open the current directory", errno};
  UniqueFd nothing;
  std::vector<int> fds{theirs.get(), stream_or_nothing(streams.in, nothing),
                       stream_or_nothing(streams.out, nothing),
                       stream_or_nothing(streams.error, nothing), cwd.get()};
  fds.insert(fds.end(), policy.keep_fds.begin(), policy.keep_fds.end());
  watch(run.pipe.get(), id);
  const auto started = runs_.emplace(id, std::move(run)).first;
  try {
    send_start(id, policy, fds);
  } catch (const Error&) {
    unwatch(started->second.pipe.get());
    runs_.erase(started);
    throw;
  }
}

// A spawner that is behind reads on as soon as it has done the last thing it was asked. Returns
// errno; gives up after a minute.
int Spawner::persist(const std::function<int()>& send) {
  constexpr int kPauses = 60'000;
  constexpr int kPauseMs = 1;
  int error = 0;
  for (int i = 0; i < kPauses; ++i) {
    // A sandbox that it has just made holds its end of the socket for a moment more.
    if (has_ended(process_)) return EPIPE;
    error = send();
    if (error != EAGAIN && error != ETOOMANYREFS) return error;
    const short room = error == EAGAIN ? POLLOUT : 0;
    pollfd news{process_.socket.get(), static_cast<short>(POLLIN | room), 0};
    ::poll(&news, 1, kPauseMs);
    if (!take_packets()) return EPIPE;
  }
  return error;
}

// A spawner that died since the last run gets a successor.
void Spawner::send_start(Id id, const Policy& policy, const std::vector<int>& fds) {
  wire::Caller caller = describe_caller();
  caller.prepared = prepared_;
  const auto send = [&] {
    return wire::send_start(process_.socket.get(), id, policy, caller, fds);
  };
  int error = persist(send);
  if (error == EPIPE || error == ECONNRESET) {
    lose_process();
    need_process();
    error = persist(send);
  }
  if (error) throw Error{"cannot send a run to the spawner", error};
}

// False: the spawner has hung up.
bool Spawner::take_packets() {
  for (;;) {
    if (auto received = wire::receive(process_.socket.get())) {
      take(*received);
    } else if (errno != EINTR && errno != EBADMSG) {
      return errno == EAGAIN;
    }
  }
}

void Spawner::take(wire::Received& received) {
  const pid_t pid = received.packet.pid;
  if (received.packet.kind == wire::Kind::dropped) {
    if (const auto spare = spare_.extract(pid)) spare.mapped().reap();
    return;
  }
  if (received.packet.kind != wire::Kind::cloned) return;
  Sandbox sandbox{pid};
  if (!received.fds.empty()) sandbox.pidfd = std::move(received.fds[0]);
  if (received.packet.id == kSpare) {
    spare_.emplace(pid, std::move(sandbox));
    return;
  }
  spare_.erase(pid);
  const auto run = runs_.find(received.packet.id);
  if (run == runs_.end()) return sandbox.end();
  run->second.newest = pid;
  run->second.sandboxes.push_back(std::move(sandbox));
}

void Spawner::read_report(Id id) {
  const auto run = runs_.find(id);
  if (run == runs_.end() || !read_to_end(run->second)) return;
  if (process_.socket) take_packets();  // those of its sandboxes were sent before
  auto ended = runs_.extract(id);
  unwatch(ended.mapped().pipe.get());
  const Report report = make_report(ended.mapped());
  ended.mapped().callback(report);
}

void Spawner::take_news() {
  if (process_.socket && !take_packets()) lose_process();
}

void Spawner::cancel(Id id) {
  tell({.kind = wire::Kind::cancel, .id = id});
}

void Spawner::time_out(Id id, std::chrono::milliseconds limit) {
  tell({.kind = wire::Kind::time_out,
        .id = id,
        .limit_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(limit.count(), 1))});
}

// Of a run that has not ended.
void Spawner::tell(const wire::Packet& packet) {
  if (!process_.socket || !runs_.contains(packet.id)) return;
  persist([&] { return wire::send(process_.socket.get(), packet, {}); });
}

std::optional<std::uint64_t> Spawner::memory_now(Id id) {
  if (process_.socket) take_packets();  // that of its sandbox may wait there
  const auto run = runs_.find(id);
  if (run == runs_.end() || run->second.newest <= 0) return std::nullopt;
  return memory_of_group(run->second.newest);
}

// From the spawner, or the end of the report.
void Spawner::await_news(const AwaitedRun& run) const {
  pollfd news[] = {{run.pipe.get(), POLLIN, 0}, {process_.socket.get(), POLLIN, 0}};
  ::poll(news, 2, -1);
}

std::optional<Runs::Process> Spawner::take_process(Id id) {
  const auto found = runs_.find(id);
  if (found == runs_.end() || found->second.handed_over) return std::nullopt;
  AwaitedRun& run = found->second;
  bool ended = false;
  while (!ended && process_.socket && take_packets() && run.sandboxes.empty()) {
    ended = read_to_end(run);
    if (!ended) await_news(run);
  }
  if (run.sandboxes.empty()) return std::nullopt;
  Sandbox& sandbox = run.sandboxes.back();
  sandbox.need_pidfd();
  const Runs::Process process{sandbox.pid, sandbox.pidfd.release()};
  run.sandboxes.pop_back();
  run.handed_over = true;
  return process;
}

}  // namespace sandbox
