#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "contender.h"
#include "sys/unique_fd.h"

namespace bench {
namespace {

struct Started {
  pid_t pid;
  sandbox::UniqueFd pidfd;
};

class ProcessContender final : public Contender {
 public:
  ProcessContender(std::string name, Command command, std::string output)
      : Contender(std::move(name)), command_(std::move(command)), output_(std::move(output)) {}

  Took once() override { return time_one(next()); }

  double many(unsigned at_once, int runs) override {
    const auto before = std::chrono::steady_clock::now();
    std::vector<Started> running;
    for (int started = 0; started < runs || !running.empty();) {
      if (started < runs && running.size() < at_once) {
        const pid_t pid = start(next());
        const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
        running.push_back({pid, sandbox::UniqueFd{pidfd}});
        ++started;
      } else {
        await_one(running);
      }
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - before;
    return took.count();
  }

  std::vector<std::string> command() const override { return command_; }

 private:
  Command next() {
    Command words = command_;
    std::ranges::replace(words, output_, output_ + "." + std::to_string(++runs_));
    return words;
  }

  // Not just any child: another contender's live on.
  void await_one(std::vector<Started>& running) const {
    std::vector<pollfd> ends;
    for (const Started& one : running) ends.push_back({one.pidfd.get(), POLLIN, 0});
    ::poll(ends.data(), ends.size(), -1);
    for (std::size_t i = ends.size(); i-- > 0;) {
      if (ends[i].revents == 0) continue;
      int status = -1;
      ::waitpid(running[i].pid, &status, 0);
      expect_success(command_, status);
      running.erase(running.begin() + static_cast<long>(i));
    }
  }

  Command command_;
  std::string output_;
  long runs_ = 0;
};

}  // namespace

std::unique_ptr<Contender> process_contender(std::string name, Command command,
                                             std::string output) {
  return std::make_unique<ProcessContender>(std::move(name), std::move(command), std::move(output));
}

}  // namespace bench
