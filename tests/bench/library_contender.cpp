#include <poll.h>

#include <chrono>
#include <stdexcept>

#include "contender.h"
#include "sandbox/runs.h"

namespace bench {
namespace {

class LibraryContender final : public Contender {
 public:
  LibraryContender(std::string name, std::string executable, const std::string& program,
                   unsigned prepared)
      : Contender(std::move(name)), runs_({std::move(executable), prepared, 0}) {
    policy_.command = {program};
    policy_.limits.memory = sandbox::Bytes{std::uint64_t{1} << 30};
    policy_.limits.cpus = 2;
    policy_.limits.pids = 512;
    policy_.limits.pids_asked = true;
    policy_.limits.timeout = std::chrono::seconds{60};
  }

  Took once() override {
    return {many(1, 1) * 1e6, 0};  // most of its CPU time is the spawner's, who lives on
  }

  double many(unsigned at_once, int runs) override {
    const auto before = std::chrono::steady_clock::now();
    int started = 0;
    while (started < runs || runs_.running() > 0) {
      for (; started < runs && runs_.running() < at_once; ++started)
        runs_.start(policy_, expect_passed);
      pollfd news{runs_.fd(), POLLIN, 0};
      ::poll(&news, 1, -1);
      runs_.dispatch();
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - before;
    return took.count();
  }

 private:
  static void expect_passed(const sandbox::Report& report) {
    if (report.outcome.verdict == sandbox::Verdict::passed) return;
    throw std::runtime_error("Runs: " + report.outcome.reason);
  }

  sandbox::Policy policy_;
  sandbox::Runs runs_;
};

}  // namespace

std::unique_ptr<Contender> library_contender(std::string name, std::string executable,
                                             std::string program, unsigned prepared) {
  return std::make_unique<LibraryContender>(std::move(name), std::move(executable), program,
                                            prepared);
}

}  // namespace bench
