#include "supervise/machine.h"

namespace sandbox {
namespace {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};

}  // namespace

// Before it started there is nobody to be polite to.
std::vector<Action> Machine::end_by(Cause cause, Action polite) {
  if (state_ != State::starting && state_ != State::running) return {};
  cause_ = cause;
  const bool running = state_ == State::running;
  state_ = running ? State::ending : State::killing;
  if (!running) return {Action::kill_all};
  if (cause == Cause::interrupt) return {polite, Action::arm_grace};
  return {Action::write_down_threads, polite, Action::arm_grace};
}

std::vector<Action> Machine::on(const MachineEvent& event) {
  using Actions = std::vector<Action>;
  return std::visit(
      Overloaded{
          [&](const Started&) -> Actions {
            if (state_ == State::starting) state_ = State::running;
            return {};
          },
          [&](const SetupFailed&) -> Actions { return {}; },  // init ends by itself
          [&](const Exited& exited) -> Actions {
            if (state_ != State::gone) state_ = State::leaving;
            if (!exited.others_left) return {};
            return {Action::list_leftovers, Action::finish};
          },
          [&](const InitGone&) -> Actions {
            state_ = State::gone;
            return {Action::stop};
          },
          [&](const WallDeadline&) { return end_by(Cause::wall_deadline, Action::send_terminate); },
          [&](const CpuDeadline&) { return end_by(Cause::cpu_deadline, Action::send_terminate); },
          [&](const GraceOver&) -> Actions {
            if (state_ != State::ending) return {};
            state_ = State::killing;
            return {Action::kill_all};
          },
          [&](const Interrupt& interrupt) -> Actions {
            // The terminal has sent it to the test as well: what it means is the test's to say.
            if (interrupt.from_terminal) return {};
            if (state_ == State::ending) {
              state_ = State::killing;
              return {Action::kill_all};
            }
            if (interrupt_signal_ == 0) interrupt_signal_ = interrupt.signal;
            return end_by(Cause::interrupt, Action::send_interrupt);
          }},
      event);
}

}  // namespace sandbox
