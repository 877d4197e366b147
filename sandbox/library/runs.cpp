#include "sandbox/runs.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <optional>
#include <vector>

#include "library/spawner_process.h"
#include "report/exit_code.h"
#include "report/read.h"
#include "report/sentence.h"
#include "spawner/wire.h"
#include "sys/files.h"

extern char** environ;

namespace sandbox {
namespace {

UniqueFd make_epoll() {
  UniqueFd fd{::epoll_create1(EPOLL_CLOEXEC)};
  if (!fd) throw Error{"cannot make an epoll descriptor", errno};
  return fd;
}

// The only way to read the umask is to set it, which other threads would see.
mode_t current_umask() {
  const auto status = read_file("/proc/self/status").value_or("");
  const auto at = status.find("\nUmask:");
  return at == std::string::npos ? 022 : std::stoul(status.substr(at + 7), nullptr, 8);
}

wire::Caller describe_caller() {
  wire::Caller caller;
  caller.version = SANDBOX_VERSION;
  for (char** entry = environ; *entry; ++entry) caller.environment.emplace_back(*entry);
  caller.umask = current_umask();
  ::pthread_sigmask(SIG_SETMASK, nullptr, &caller.signal_mask);
  return caller;
}

struct CpuTime {
  double user = 0;
  double system = 0;
};

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// A sandbox's PID 1, this process's child.
struct Sandbox {
  pid_t pid = -1;
  UniqueFd pidfd{};

  // Waits: its end is known, or near.
  CpuTime reap() const {
    // Its flags are the spawner's too, and with O_NONBLOCK waitid does not wait (pidfd_open(2)).
    pollfd gone{pidfd.get(), POLLIN, 0};
    while (::poll(&gone, 1, -1) < 0 && errno == EINTR) {
    }
    siginfo_t info{};
    rusage usage{};
    long result = 0;
    do {
      result = ::syscall(SYS_waitid, P_PIDFD, pidfd.get(), &info, WEXITED, &usage);
    } while (result < 0 && errno == EINTR);
    return {seconds_of(usage.ru_utime), seconds_of(usage.ru_stime)};
  }
};

Report lost_report(const Policy& policy) {
  Report report;
  report.version = SANDBOX_VERSION;
  report.command = policy.command;
  report.policy = policy;
  report.name = policy.reporting.name;
  report.outcome.verdict = Verdict::setup_failed;
  report.outcome.evidence.setup_attempt = "the spawner (sandbox-exec) ended before the run did";
  const Sentence sentence = explain(report);
  report.outcome.reason = sentence.line;
  report.outcome.hint = sentence.hint;
  report.exit_status = exit_status(ending_of(report.outcome, policy.reporting));
  return report;
}

// What only the process that reaped PID 1 can know.
void complete(Usage& usage, CpuTime cpu) {
  if (usage.cpu_user_seconds.source != kCpuOfWaiting || usage.cpu_user_seconds.value) return;
  usage.cpu_user_seconds.value = cpu.user;
  usage.cpu_system_seconds.value = cpu.system;
}

// One run, from start() to its callback.
struct Awaited {
  Policy policy{};
  Runs::Callback callback{};
  UniqueFd pipe{};
  std::string text{};  // of the report, as far as it has come
  std::vector<Sandbox> sandboxes{};
};

// Reads what is there; true at the end.
bool read_to_end(Awaited& run) {
  char buffer[65536];
  for (;;) {
    const ssize_t n = ::read(run.pipe.get(), buffer, sizeof buffer);
    if (n > 0) {
      run.text.append(buffer, static_cast<std::size_t>(n));
      continue;
    }
    if (n < 0 && errno == EINTR) continue;
    return n == 0 || errno != EAGAIN;
  }
}

Report make_report(Awaited& run) {
  CpuTime cpu;
  for (const Sandbox& sandbox : run.sandboxes) {
    const CpuTime one = sandbox.reap();
    cpu.user += one.user;
    cpu.system += one.system;
  }
  try {
    Report report = parse_report(run.text);
    report.policy = std::move(run.policy);  // the whole of it
    complete(report.usage, cpu);
    return report;
  } catch (const Error&) {
    return lost_report(run.policy);
  }
}

}  // namespace

class Runs::Host {
 public:
  explicit Host(Options options) : options_(std::move(options)) {}
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  ~Host() { end_spawner(); }

  Id start(const Policy& policy, Callback callback, const Streams& streams);
  void dispatch();
  void cancel(Id id);
  std::optional<Process> take_process(Id id);
  int fd() const { return epoll_.get(); }
  std::size_t running() const { return runs_.size(); }

 private:
  static constexpr Id kSocket = 0;  // in epoll; runs count from 1
  static constexpr Id kSpare = 0;   // in packets

  void watch(int fd, Id tag) const;
  void need_spawner();
  void end_spawner();
  void lose_spawner();
  void reap_spare();
  void send_start(Id id, const Policy& policy, const std::vector<int>& fds);
  bool take_packets();
  void take(wire::Received& received);
  void await_news(Awaited& run);
  void read_report(Id id);
  void conclude(Id id);

  const Options options_;
  const UniqueFd epoll_ = make_epoll();
  SpawnerProcess spawner_;
  std::map<Id, Awaited> runs_;
  std::map<pid_t, Sandbox> spare_;  // made ahead, and not used yet
  Id last_ = kSocket;
};

void Runs::Host::watch(int fd, Id tag) const {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = tag;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) < 0) {
    throw Error{"cannot watch a run", errno};
  }
}

void Runs::Host::need_spawner() {
  if (spawner_.socket) return;
  const std::string& named = options_.executable;
  spawner_ = start_spawner(named.empty() ? find_executable() : named);
  watch(spawner_.socket.get(), kSocket);
}

// It kills what still runs, and is waited for: nothing is left when this returns.
void Runs::Host::end_spawner() {
  if (!spawner_.socket) return;
  ::shutdown(spawner_.socket.get(), SHUT_WR);
  pollfd news{spawner_.socket.get(), POLLIN, 0};
  do {
    ::poll(&news, 1, -1);
  } while (take_packets());
  sandbox::reap(spawner_);
  spawner_.socket.reset();
  for (auto& [id, run] : runs_) {
    for (const Sandbox& sandbox : run.sandboxes) sandbox.reap();
  }
  reap_spare();
}

void Runs::Host::reap_spare() {
  for (const auto& [pid, sandbox] : spare_) sandbox.reap();
  spare_.clear();
}

// Its sandboxes die with it, by themselves.
void Runs::Host::lose_spawner() {
  take_packets();
  sandbox::reap(spawner_);
  spawner_.socket.reset();
  reap_spare();
  std::vector<Id> lost;
  for (const auto& [id, run] : runs_) lost.push_back(id);
  for (const Id id : lost) read_report(id);
}

Runs::Id Runs::Host::start(const Policy& policy, Callback callback, const Streams& streams) {
  need_spawner();
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) throw Error{"cannot make a pipe for the report", errno};
  Awaited run{policy, std::move(callback), UniqueFd{ends[0]}};
  const UniqueFd theirs{ends[1]};
  ::fcntl(run.pipe.get(), F_SETFL, O_NONBLOCK);
  const UniqueFd cwd{::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!cwd) throw Error{"cannot open the current directory", errno};
  std::vector<int> fds{theirs.get(), streams.in, streams.out, streams.error, cwd.get()};
  fds.insert(fds.end(), policy.keep_fds.begin(), policy.keep_fds.end());
  const Id id = ++last_;
  send_start(id, policy, fds);
  watch(run.pipe.get(), id);
  runs_.emplace(id, std::move(run));
  return id;
}

// A spawner that died since the last run gets a successor.
void Runs::Host::send_start(Id id, const Policy& policy, const std::vector<int>& fds) {
  wire::Caller caller = describe_caller();
  caller.prepared = options_.prepared;
  int error = wire::send_start(spawner_.socket.get(), id, policy, caller, fds);
  if (error == EPIPE || error == ECONNRESET) {
    lose_spawner();
    need_spawner();
    error = wire::send_start(spawner_.socket.get(), id, policy, caller, fds);
  }
  if (error) throw Error{"cannot send a run to the spawner", error};
}

// False: the spawner has hung up.
bool Runs::Host::take_packets() {
  for (;;) {
    auto received = wire::receive(spawner_.socket.get());
    if (!received) return errno == EAGAIN || errno == EINTR;
    take(*received);
  }
}

void Runs::Host::take(wire::Received& received) {
  const pid_t pid = received.packet.pid;
  if (received.packet.kind == wire::Kind::dropped) {
    if (const auto spare = spare_.extract(pid)) spare.mapped().reap();
    return;
  }
  if (received.fds.size() != 1) return;
  Sandbox sandbox{pid, std::move(received.fds[0])};
  if (received.packet.id == kSpare) {
    spare_.emplace(pid, std::move(sandbox));
    return;
  }
  spare_.erase(pid);
  const auto run = runs_.find(received.packet.id);
  if (run != runs_.end()) run->second.sandboxes.push_back(std::move(sandbox));
}

void Runs::Host::read_report(Id id) {
  const auto run = runs_.find(id);
  if (run == runs_.end() || !read_to_end(run->second)) return;
  if (spawner_.socket) take_packets();  // those of its sandboxes were sent before
  conclude(id);
}

void Runs::Host::conclude(Id id) {
  auto run = runs_.extract(id);
  const Report report = make_report(run.mapped());
  run.mapped().callback(report);
}

void Runs::Host::dispatch() {
  epoll_event due[64];
  const int count = ::epoll_wait(epoll_.get(), due, 64, 0);
  for (int i = 0; i < count; ++i) {
    if (due[i].data.u64 != kSocket) {
      read_report(due[i].data.u64);
    } else if (spawner_.socket && !take_packets()) {
      lose_spawner();
    }
  }
}

void Runs::Host::cancel(Id id) {
  if (!spawner_.socket || !runs_.contains(id)) return;
  wire::send(spawner_.socket.get(), {wire::Kind::cancel, 0, id}, {});
}

// From the spawner, or the end of the report.
void Runs::Host::await_news(Awaited& run) {
  pollfd news[] = {{run.pipe.get(), POLLIN, 0}, {spawner_.socket.get(), POLLIN, 0}};
  ::poll(news, 2, -1);
}

std::optional<Runs::Process> Runs::Host::take_process(Id id) {
  const auto found = runs_.find(id);
  if (found == runs_.end()) return std::nullopt;
  Awaited& run = found->second;
  bool ended = false;
  while (!ended && spawner_.socket && take_packets() && run.sandboxes.empty()) {
    ended = read_to_end(run);
    if (!ended) await_news(run);
  }
  if (run.sandboxes.empty()) return std::nullopt;
  const Process process{run.sandboxes.back().pid, run.sandboxes.back().pidfd.release()};
  run.sandboxes.pop_back();
  return process;
}

Runs::Runs() : Runs(Options{}) {}
Runs::Runs(Options options) : host_(std::make_unique<Host>(std::move(options))) {}
Runs::~Runs() = default;

Runs::Id Runs::start(const Policy& policy, Callback callback, const Streams& streams) {
  return host_->start(policy, std::move(callback), streams);
}

int Runs::fd() const {
  return host_->fd();
}

void Runs::dispatch() {
  host_->dispatch();
}

void Runs::cancel(Id id) {
  host_->cancel(id);
}

std::optional<Runs::Process> Runs::take_process(Id id) {
  return host_->take_process(id);
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
