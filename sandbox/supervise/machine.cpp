#include "supervise/machine.h"

namespace sandbox {
namespace {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};

}  // namespace

// Before it started there is nobody to be polite to.
std::vector<Action> Machine::meet_deadline(Cause cause) {
  if (cause_ != Cause::none) return {};
  if (state_ != State::starting && state_ != State::running) return {};
  cause_ = cause;
  const bool running = state_ == State::running;
  state_ = running ? State::ending : State::killing;
  if (!running) return {Action::kill_all};
  return {Action::write_down_threads, Action::send_terminate, Action::arm_grace};
}

// The grace is over, or the caller asked again.
std::vector<Action> Machine::insist() {
  if (cause_ == Cause::none || state_ == State::killing || state_ == State::leaving ||
      state_ == State::gone) {
    return {};
  }
  state_ = State::killing;
  return {Action::kill_all};
}

std::vector<Action> Machine::on(const MachineEvent& event) {
  using Actions = std::vector<Action>;
  return std::visit(
      Overloaded{[&](const Started&) -> Actions {
                   if (state_ != State::starting) return {};
                   state_ = State::running;
                   if (interrupt_signal_ == 0) return {};
                   state_ = State::ending;  // it came while the test was starting
                   return {Action::send_interrupt};
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
                 [&](const WallDeadline&) { return meet_deadline(Cause::wall_deadline); },
                 [&](const CpuDeadline&) { return meet_deadline(Cause::cpu_deadline); },
                 [&](const GraceOver&) -> Actions { return insist(); },
                 [&](const Interrupt& interrupt) -> Actions {
                   // The terminal has sent it to the test as well: what it means is the test's to
                   // say.
                   if (interrupt.from_terminal) return {};
                   if (cause_ != Cause::none) return insist();
                   if (state_ != State::starting && state_ != State::running) return {};
                   interrupt_signal_ = interrupt.signal;
                   cause_ = Cause::interrupt;
                   if (state_ == State::starting) return {Action::arm_grace};
                   state_ = State::ending;
                   return {Action::send_interrupt, Action::arm_grace};
                 }},
      event);
}

}  // namespace sandbox
