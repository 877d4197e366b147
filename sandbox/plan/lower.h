// Plan → Program: the strings and fds laid out for the child.
#pragma once

#include <linux/filter.h>

#include <map>
#include <memory>
#include <span>
#include <vector>

#include "child/program.h"
#include "plan/plan.h"

namespace sandbox {

// What exists only for this one run; fds stay the caller's.
struct TestHandles {
  std::span<const sock_filter> filter{};
  std::span<const sock_filter> filter_unwatched{};
  sigset_t mask{};
  int channel = -1;              // the test's end; -1: it comes with the test (prepared)
  std::map<int, int> kept{};     // number inside → descriptor here; others keep their number
  std::uint64_t open_files = 0;  // the test's soft RLIMIT_NOFILE; 0: as here
};

struct InitHandles {
  std::vector<int> group_joins{};  // v1 tasks files
  std::vector<int> trees{};        // per init step, -1 where the child opens it itself
  int control_fd = -1;             // the child's end
  int parents_control_fd = -1;
  int supervisor_fd = -1;
  std::span<char> command_line{};
  bool dies_with_parent = true;  // false where the parent is another process than the supervisor
};

// Each owns what its program points into, but for the Plan's strings: the Plan must outlive it.
class LoweredTest {
 public:
  LoweredTest(const Plan& plan, const TestHandles& handles);
  const child::TestProgram& program() const { return program_; }

 private:
  std::vector<child::Instr> steps_;
  std::vector<const char*> argv_;
  std::vector<const char*> envp_;
  std::vector<const char*> fresh_places_;
  sock_fprog filter_{};
  sock_fprog filter_unwatched_{};
  child::TestProgram program_{};
};

class LoweredInit {
 public:
  LoweredInit(const Plan& plan, const InitHandles& handles, const child::TestProgram& test);
  child::Program& program() { return program_; }

 private:
  std::vector<child::Instr> steps_;
  child::Program program_{};
};

}  // namespace sandbox
