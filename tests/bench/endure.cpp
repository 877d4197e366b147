// endure: starts a program N times in a sandbox, several at once, and stands still twice, so that
// somebody can look at it: it prints "warm" and "done" and goes on after each at a line on stdin.
// tests/bench/endurance starts it; docs/benchmarks.md says what for.
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <sandbox/runs.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace {

struct Options {
  long runs = 10000;
  long warm_up = 1000;  // of these
  long parallel = 1;
  unsigned prepared = 0;
  bool library = false;
  std::string sandbox_exec;
  std::vector<std::string> command;
};

// The same caps both ways.
const std::vector<std::string> kCaps{"--memory", "256M", "--cpus",    "2",
                                     "--pids",   "64",   "--timeout", "60"};

class Executable {
 public:
  explicit Executable(const Options& options) : words_{options.sandbox_exec} {
    words_.insert(words_.end(), kCaps.begin(), kCaps.end());
    words_.insert(words_.end(), {"--report", "/dev/null", "--"});
    words_.insert(words_.end(), options.command.begin(), options.command.end());
  }

  void start() {
    std::vector<char*> argv;
    for (std::string& word : words_) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_t pid = -1;
    const int error = ::posix_spawn(&pid, argv[0], nullptr, nullptr, argv.data(), environ);
    if (error) throw std::system_error(error, std::generic_category(), words_.front());
    ++running_;
  }

  void wait_for_one() {
    int status = -1;
    if (::wait(&status) < 0) throw std::system_error(errno, std::generic_category(), "wait");
    if (status != 0) throw std::runtime_error("wait status " + std::to_string(status));
    --running_;
  }

  long running() const { return running_; }

 private:
  std::vector<std::string> words_;
  long running_ = 0;
};

class Library {
 public:
  explicit Library(const Options& options)
      : null_(::open("/dev/null", O_RDWR | O_CLOEXEC)),
        runs_({options.sandbox_exec, options.prepared}) {
    policy_.command = options.command;
    policy_.limits.memory = sandbox::Bytes{256 << 20};
    policy_.limits.cpus = 2;
    policy_.limits.pids = 64;
    policy_.limits.timeout = std::chrono::seconds{60};
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  ~Library() { ::close(null_); }

  void start() {
    const auto judge = [this](const sandbox::Report& report) {
      if (report.outcome.verdict != sandbox::Verdict::passed) bad_ = report.outcome.reason;
    };
    runs_.start(policy_, judge, {null_, null_, 2});
  }

  void wait_for_one() {
    const std::size_t before = runs_.running();
    while (runs_.running() == before) {
      pollfd ready{runs_.fd(), POLLIN, 0};
      (void)::poll(&ready, 1, -1);
      runs_.dispatch();
    }
    if (bad_) throw std::runtime_error("a run did not pass: " + *bad_);
  }

  long running() const { return static_cast<long>(runs_.running()); }

 private:
  int null_;
  sandbox::Policy policy_;
  std::optional<std::string> bad_;
  sandbox::Runs runs_;  // last: goes first
};

template <typename Way>
void run(Way& way, long count, long parallel) {
  for (long started = 0; started < count || way.running() > 0;) {
    while (started < count && way.running() < parallel) {
      way.start();
      ++started;
    }
    way.wait_for_one();
  }
}

void stand_still(const char* word) {
  std::cout << word << std::endl;
  std::string line;
  std::getline(std::cin, line);
}

template <typename Way>
void endure(const Options& options) {
  Way way{options};
  const long warm_up = std::min(options.warm_up, options.runs);
  run(way, warm_up, options.parallel);
  stand_still("warm");
  run(way, options.runs - warm_up, options.parallel);
  stand_still("done");
}

constexpr const char* kUsage =
    "usage: endure --sandbox-exec FILE [--library] [--prepared N] [--parallel N] [--runs N]\n"
    "       [--warm-up N] -- PROGRAM [ARGUMENT]...\n";

std::optional<Options> parse(int argc, char** argv) {
  enum { sandbox_exec = 1, library, prepared, parallel, runs, warm_up };
  constexpr option known[] = {{"sandbox-exec", required_argument, nullptr, sandbox_exec},
                              {"library", no_argument, nullptr, library},
                              {"prepared", required_argument, nullptr, prepared},
                              {"parallel", required_argument, nullptr, parallel},
                              {"runs", required_argument, nullptr, runs},
                              {"warm-up", required_argument, nullptr, warm_up},
                              {}};
  Options options;
  const std::map<int, long*> counts{
      {runs, &options.runs}, {warm_up, &options.warm_up}, {parallel, &options.parallel}};
  for (int found; (found = ::getopt_long(argc, argv, "+", known, nullptr)) != -1;) {
    if (const auto count = counts.find(found); count != counts.end())
      *count->second = std::max(1, std::atoi(optarg));
    else if (found == sandbox_exec)
      options.sandbox_exec = optarg;
    else if (found == library)
      options.library = true;
    else if (found == prepared)
      options.prepared = static_cast<unsigned>(std::atoi(optarg));
    else
      return std::nullopt;
  }
  options.command.assign(argv + optind, argv + argc);
  if (options.sandbox_exec.empty() || options.command.empty()) return std::nullopt;
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = parse(argc, argv);
  if (!options) {
    std::cerr << kUsage;
    return 2;
  }
  try {
    if (options->library) {
      endure<Library>(*options);
    } else {
      endure<Executable>(*options);
    }
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "endure: " << error.what() << '\n';
    return 1;
  }
}
