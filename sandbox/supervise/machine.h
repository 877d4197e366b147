// The state machine of one run: events in, actions out. Pure: no clock, no process, no fd.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

namespace sandbox {

struct Started {};
struct SetupFailed {};
struct Exited {
  bool others_left = false;
};  // the main process ended; init lives on if others are left
struct InitGone {};
struct WallDeadline {};
struct CpuDeadline {};
struct GraceOver {};
struct Interrupt {
  int signal = 0;
  bool from_terminal = false;
};

using MachineEvent = std::variant<Started, SetupFailed, Exited, InitGone, WallDeadline, CpuDeadline,
                                  GraceOver, Interrupt>;

enum class Action {
  write_down_threads,  // for report.hang
  send_terminate,      // SIGTERM to the main process
  send_interrupt,      // the interrupting signal to the main process
  arm_grace,
  kill_all,
  list_leftovers,  // for report.leaks
  finish,          // tell init to end
  stop,            // the run is over
};

enum class Cause { none, wall_deadline, cpu_deadline, interrupt };

class Machine {
 public:
  // What is to be done now, in order.
  std::vector<Action> on(const MachineEvent& event);

  // What first made us end the run; the first wins.
  Cause cause() const { return cause_; }
  int interrupt_signal() const { return interrupt_signal_; }

 private:
  enum class State { starting, running, ending, killing, leaving, gone };

  std::vector<Action> meet_deadline(Cause cause);
  std::vector<Action> insist();

  State state_ = State::starting;
  Cause cause_ = Cause::none;
  int interrupt_signal_ = 0;
};

}  // namespace sandbox
