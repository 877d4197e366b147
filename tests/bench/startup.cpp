// bench-startup: how long a run of a program that does nothing takes, for the contenders below. See
// docs/benchmarks.md; tests/bench/run starts it.
#include <fcntl.h>
#include <getopt.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <thread>

#include "contender.h"
#include "delegation.h"
#include "machine.h"
#include "process.h"
#include "stats.h"
#include "table.h"

namespace bench {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kAtOnce[] = {1, 2, 4};
constexpr int kWarmUps = 3;
constexpr int kPeakRuns = 5;
constexpr unsigned kPrepared = 4;  // as many as the most at once
constexpr const char* kBubblewrap = "/usr/bin/bwrap";

struct Options {
  int rounds = 300;         // back to back, of each contender
  int paused_rounds = 100;  // with a pause before each run
  std::chrono::milliseconds pause{20};
  int throughput_runs = 300;  // of each contender at each degree
  std::optional<uid_t> as;
  std::string sandbox_exec;  // path
  std::string programs;      // folder of bench-floor, bench-noop, bench-peak
  std::string json;
  std::string commit;
  bool in_pages = false;  // how the contenders' programs are written
};

// A folder with copies of all programs, so that any user can reach them, and a project to stand in.
class Workplace {
 public:
  explicit Workplace(const Options& options) : in_pages_{options.in_pages} {
    char name[] = "/tmp/sandbox-bench-XXXXXX";
    if (!::mkdtemp(name)) throw std::runtime_error("cannot make a folder in /tmp");
    top_ = name;
    fs::permissions(top_, fs::perms::others_exec | fs::perms::others_read, fs::perm_options::add);
    fs::create_directory(top_ / "tools");
    fs::create_directory(project());
    copy(options.sandbox_exec, tool("sandbox-exec"));
    copy(options.programs + "/bench-floor", tool("bench-floor"));
    copy(options.programs + "/bench-peak", tool("bench-peak"));
    copy(options.programs + "/bench-noop", noop());
    if (!options.as) return;
    if (::chown(project().c_str(), *options.as, *options.as) < 0)
      throw std::runtime_error("cannot give the folder away");
  }
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;
  ~Workplace() {
    std::error_code ignored;
    fs::remove_all(top_, ignored);
  }

  fs::path project() const { return top_ / "project"; }
  std::string tool(const char* name) const { return top_ / "tools" / name; }
  std::string noop() const { return project() / "noop"; }
  std::string report() const { return project() / "report.json"; }

 private:
  // The page cache holds a file in pieces as large as it was written in, and mapping a program from
  // small ones takes longer: so the size is given, where a copy by the kernel has the one or the
  // other.
  void copy(const fs::path& from, const fs::path& to) const {
    std::ifstream source{from, std::ios::binary};
    std::string content{std::istreambuf_iterator<char>{source}, {}};
    const std::size_t piece = in_pages_ ? 4096 : content.size();
    const int fd = ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    for (std::string_view rest = content; !rest.empty();
         rest.remove_prefix(std::min(piece, rest.size()))) {
      const std::string_view next = rest.substr(0, piece);
      if (::write(fd, next.data(), next.size()) != static_cast<ssize_t>(next.size()))
        throw std::runtime_error("cannot copy " + from.string());
    }
    ::close(fd);
  }

  bool in_pages_;
  fs::path top_;
};

// bubblewrap has no groups, no filter of its own and no report: the nearest that it offers.
Command bubblewrap(const Workplace& place) {
  const std::string project = place.project();
  return {kBubblewrap,
          "--unshare-all",
          "--die-with-parent",
          "--new-session",
          "--ro-bind",
          "/",
          "/",
          "--tmpfs",
          "/tmp",
          "--tmpfs",
          "/home",
          "--tmpfs",
          "/root",
          "--tmpfs",
          "/run",
          "--tmpfs",
          "/var/tmp",
          "--proc",
          "/proc",
          "--dev",
          "/dev",
          "--ro-bind",
          project,
          project,
          "--chdir",
          project,
          place.noop()};
}

using Contenders = std::vector<std::unique_ptr<Contender>>;

Contenders contenders(const Workplace& place) {
  const std::string noop = place.noop();
  const std::string executable = place.tool("sandbox-exec");
  Contenders all;
  all.push_back(process_contender("plain", {noop}));
  all.push_back(process_contender("floor", {place.tool("bench-floor"), "--memory", "1073741824",
                                            "--cpus", "2", "--pids", "512", noop}));
  all.push_back(process_contender("sandbox-exec",
                                  {executable, "--memory", "1G", "--cpus", "2", "--pids", "512",
                                   "--timeout", "60", "--report", place.report(), "--", noop},
                                  place.report()));
  all.push_back(library_contender("Runs", executable, noop, 0));
  all.push_back(library_contender("Runs, prepared", executable, noop, kPrepared));
  if (::access(kBubblewrap, X_OK) == 0) {
    all.push_back(process_contender("bubblewrap", bubblewrap(place)));
  } else {
    std::cerr << "bench-startup: no " << kBubblewrap << ": left out\n";
  }
  return all;
}

// Each round calls every contender once, in an order of its own: a drift of the machine's speed
// meets all of them alike.
void measure_latencies(const Contenders& all, std::vector<Figures>& figures, Pace pace, int rounds,
                       std::chrono::milliseconds pause) {
  std::mt19937 random{std::random_device{}()};
  std::vector<std::size_t> order(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    order[i] = i;
    figures[i].latencies.push_back({pace, {}, {}});
  }
  for (int round = -kWarmUps; round < rounds; ++round) {
    std::ranges::shuffle(order, random);
    for (const std::size_t i : order) {
      if (pause.count() > 0) std::this_thread::sleep_for(pause);
      const Took took = all[i]->once();
      if (round < 0) continue;
      figures[i].latencies.back().microseconds.push_back(took.microseconds);
      if (took.cpu_microseconds > 0)
        figures[i].latencies.back().cpu_microseconds.push_back(took.cpu_microseconds);
    }
  }
}

// In slices, so that a drift of the machine's speed meets all of them alike.
void measure_throughputs(const Contenders& all, std::vector<Figures>& figures, int runs) {
  constexpr int kSlices = 10;
  const int slice = std::max(4, runs / kSlices);
  for (const unsigned at_once : kAtOnce) {
    std::vector<double> seconds(all.size(), 0);
    for (int i = 0; i < kSlices; ++i) {
      for (std::size_t k = 0; k < all.size(); ++k) seconds[k] += all[k]->many(at_once, slice);
    }
    for (std::size_t k = 0; k < all.size(); ++k)
      figures[k].throughputs.push_back({at_once, slice * kSlices / seconds[k]});
  }
}

// The smallest of some: what the others hold more is the machine's accounting, in batches.
double measure_peak(const Workplace& place, const Contender& contender) {
  if (contender.command().empty()) return 0;
  std::string line = place.tool("bench-peak");
  for (const std::string& word : contender.command()) line += " " + word;
  double smallest = 0;
  for (int i = 0; i < kPeakRuns; ++i) {
    FILE* pipe = ::popen(line.c_str(), "r");
    double kib = 0;
    if (!pipe || std::fscanf(pipe, "%lf", &kib) != 1)
      throw std::runtime_error("cannot measure the memory of " + contender.name());
    ::pclose(pipe);
    smallest = i == 0 ? kib : std::min(smallest, kib);
  }
  return smallest;
}

// A host's own settings must not decide what a sandbox has to show or hide.
void settle_environment(const Workplace& place) {
  ::clearenv();
  ::setenv("PATH", "/usr/bin:/bin", 1);
  ::setenv("HOME", ::geteuid() == 0 ? "/root" : "/home/bench", 1);
  fs::current_path(place.project());
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup2(null, STDIN_FILENO);
}

void measure(const Options& options, const Workplace& place, std::ostream* json) {
  const Machine machine = look_at_machine(options.commit);
  settle_environment(place);
  const Contenders all = contenders(place);
  std::vector<Figures> figures;
  figures.reserve(all.size());
  for (const auto& contender : all) figures.push_back({contender->name(), {}, {}, 0});
  measure_latencies(all, figures, Pace::back_to_back, options.rounds, {});
  measure_latencies(all, figures, Pace::paused, options.paused_rounds, options.pause);
  measure_throughputs(all, figures, options.throughput_runs);
  for (std::size_t i = 0; i < all.size(); ++i) figures[i].peak_kib = measure_peak(place, *all[i]);
  print_table(std::cout, machine, figures, {"floor", "bubblewrap"});
  if (json) *json << to_json(machine, figures).dump(1) << '\n';
}

// In groups of its own. What is measured runs in a child: who gave up root cannot take them away
// again, and who is in them neither.
int measure_in_groups(const Options& options, const Workplace& place, std::ostream* json) {
  const Delegation delegation{options.as.value_or(0)};
  std::cout.flush();
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      delegation.join();
      measure(options, place, json);
      std::cout.flush();
      if (json) json->flush();
      ::_exit(0);
    } catch (const std::exception& error) {
      std::cerr << "bench-startup: " << error.what() << '\n';
      ::_exit(1);
    }
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return status == 0 ? 0 : 1;
}

constexpr const char* kUsage =
    "usage: bench-startup --sandbox-exec FILE [--programs FOLDER] [--rounds N]\n"
    "       [--paused-rounds N] [--pause MILLISECONDS] [--throughput-runs N]\n"
    "       [--as UID] [--json FILE] [--commit TEXT] [--in-pages]\n"
    "--as: root only\n"
    "--in-pages: the programs are written to the page cache 4 KiB at a time, not at once\n";

std::optional<Options> parse(int argc, char** argv) {
  enum { sandbox_exec = 1, programs, rounds, paused, pause, runs, as, json, commit, in_pages };
  constexpr option known[] = {{"sandbox-exec", required_argument, nullptr, sandbox_exec},
                              {"programs", required_argument, nullptr, programs},
                              {"rounds", required_argument, nullptr, rounds},
                              {"paused-rounds", required_argument, nullptr, paused},
                              {"pause", required_argument, nullptr, pause},
                              {"throughput-runs", required_argument, nullptr, runs},
                              {"as", required_argument, nullptr, as},
                              {"json", required_argument, nullptr, json},
                              {"commit", required_argument, nullptr, commit},
                              {"in-pages", no_argument, nullptr, in_pages},
                              {}};
  Options options;
  options.programs = fs::read_symlink("/proc/self/exe").parent_path();
  const std::map<int, std::string*> texts{{sandbox_exec, &options.sandbox_exec},
                                          {programs, &options.programs},
                                          {json, &options.json},
                                          {commit, &options.commit}};
  const std::map<int, int*> counts{{rounds, &options.rounds},
                                   {paused, &options.paused_rounds},
                                   {runs, &options.throughput_runs}};
  for (int found; (found = ::getopt_long(argc, argv, "", known, nullptr)) != -1;) {
    if (const auto text = texts.find(found); text != texts.end())
      *text->second = optarg;
    else if (const auto count = counts.find(found); count != counts.end())
      *count->second = std::max(1, std::atoi(optarg));
    else if (found == pause)
      options.pause = std::chrono::milliseconds{std::atoi(optarg)};
    else if (found == in_pages)
      options.in_pages = true;
    else if (found == as)
      options.as = static_cast<uid_t>(std::atoi(optarg));
    else
      return std::nullopt;
  }
  const bool may_become = !options.as || ::geteuid() == 0;
  if (options.sandbox_exec.empty() || optind != argc || !may_become) return std::nullopt;
  return options;
}

int run(const Options& options) {
  std::unique_ptr<std::ofstream> json;
  if (!options.json.empty()) {
    json = std::make_unique<std::ofstream>(options.json);
    if (!*json) throw std::runtime_error("cannot write " + options.json);
  }
  const Workplace place{options};
  if (::geteuid() == 0) return measure_in_groups(options, place, json.get());
  measure(options, place, json.get());
  return 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  const auto options = bench::parse(argc, argv);
  if (!options) {
    std::cerr << bench::kUsage;
    return 2;
  }
  try {
    return bench::run(*options);
  } catch (const std::exception& error) {
    std::cerr << "bench-startup: " << error.what() << '\n';
    return 1;
  }
}
