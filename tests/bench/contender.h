// Who is measured: something that runs a program once, or many times with some under way at once.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "process.h"

namespace bench {

class Contender {
 public:
  explicit Contender(std::string name) : name_(std::move(name)) {}
  Contender(const Contender&) = delete;
  Contender& operator=(const Contender&) = delete;
  virtual ~Contender() = default;

  const std::string& name() const { return name_; }

  // One run, from its start to its end. Throws std::runtime_error where it does not pass: who fails
  // fast must not win.
  virtual Took once() = 0;

  // Seconds for that many runs with `at_once` under way at any time.
  virtual double many(unsigned at_once, int runs) = 0;

  // The command of one run, for the peak of its memory; empty: none of its own.
  virtual std::vector<std::string> command() const { return {}; }

 private:
  std::string name_;
};

// A process for each run. `output`: the word of the command that names a file; each run gets one of
// its own, as tests of a suite do it. On ext4 a file that is renamed over another is written out at
// once, and the measurement would be the disk's.
std::unique_ptr<Contender> process_contender(std::string name, Command command,
                                             std::string output = {});

// The library's class Runs in this process, over `executable`, with `prepared` sandboxes made
// ahead; caps as those of the command line's contenders.
std::unique_ptr<Contender> library_contender(std::string name, std::string executable,
                                             std::string program, unsigned prepared);

}  // namespace bench
