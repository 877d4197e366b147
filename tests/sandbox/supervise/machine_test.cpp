// Event tables: what each event makes the supervisor do, in each state.
#include "supervise/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

namespace sandbox {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Machine running() {
  Machine machine;
  machine.on(Started{});
  return machine;
}

TEST(Machine, APlainRunNeedsNothing) {
  Machine machine;
  EXPECT_THAT(machine.on(Started{}), IsEmpty());
  EXPECT_THAT(machine.on(Exited{false}), IsEmpty());
  EXPECT_THAT(machine.on(InitGone{}), ElementsAre(Action::stop));
  EXPECT_EQ(Cause::none, machine.cause());
}

TEST(Machine, LeftoversAreListedBeforeTheyEnd) {
  Machine machine = running();
  EXPECT_THAT(machine.on(Exited{true}), ElementsAre(Action::list_leftovers, Action::finish));
}

TEST(Machine, ADeadlineWritesThreadsDownBeforeItAsksPolitely) {
  Machine machine = running();
  EXPECT_THAT(machine.on(WallDeadline{}),
              ElementsAre(Action::write_down_threads, Action::send_terminate, Action::arm_grace));
  EXPECT_THAT(machine.on(GraceOver{}), ElementsAre(Action::kill_all));
  EXPECT_EQ(Cause::wall_deadline, machine.cause());
}

TEST(Machine, CpuDeadlineIsToldApart) {
  Machine machine = running();
  EXPECT_THAT(machine.on(CpuDeadline{}),
              ElementsAre(Action::write_down_threads, Action::send_terminate, Action::arm_grace));
  EXPECT_EQ(Cause::cpu_deadline, machine.cause());
}

TEST(Machine, ADeadlineBeforeTheStartKillsAtOnce) {
  Machine machine;
  EXPECT_THAT(machine.on(WallDeadline{}), ElementsAre(Action::kill_all));
  EXPECT_EQ(Cause::wall_deadline, machine.cause());
}

TEST(Machine, TheFirstCauseWins) {
  Machine machine = running();
  machine.on(CpuDeadline{});
  EXPECT_THAT(machine.on(WallDeadline{}), IsEmpty());
  EXPECT_EQ(Cause::cpu_deadline, machine.cause());
}

TEST(Machine, ADeadlineAfterTheEndIsNone) {
  Machine machine = running();
  machine.on(Exited{true});
  EXPECT_THAT(machine.on(WallDeadline{}), IsEmpty());
  EXPECT_EQ(Cause::none, machine.cause());
}

TEST(Machine, AnInterruptIsHandedOnAndThenInsistedOn) {
  Machine machine = running();
  EXPECT_THAT(machine.on(Interrupt{SIGTERM, false}),
              ElementsAre(Action::send_interrupt, Action::arm_grace));
  EXPECT_EQ(SIGTERM, machine.interrupt_signal());
  EXPECT_THAT(machine.on(Interrupt{SIGINT, false}), ElementsAre(Action::kill_all));
  EXPECT_EQ(SIGTERM, machine.interrupt_signal());
  EXPECT_EQ(Cause::interrupt, machine.cause());
  EXPECT_THAT(machine.on(Interrupt{SIGINT, false}), IsEmpty());
}

TEST(Machine, AnInterruptDuringTheStartWaitsForIt) {
  Machine machine;
  EXPECT_THAT(machine.on(Interrupt{SIGTERM, false}), ElementsAre(Action::arm_grace));
  EXPECT_THAT(machine.on(Started{}), ElementsAre(Action::send_interrupt));
  EXPECT_THAT(machine.on(GraceOver{}), ElementsAre(Action::kill_all));
}

TEST(Machine, AStartThatHangsAfterAnInterruptIsKilled) {
  Machine machine;
  machine.on(Interrupt{SIGTERM, false});
  EXPECT_THAT(machine.on(GraceOver{}), ElementsAre(Action::kill_all));
}

TEST(Machine, AKeyOnTheTerminalIsTheTestsOwnBusiness) {
  Machine machine = running();
  EXPECT_THAT(machine.on(Interrupt{SIGINT, true}), IsEmpty());
  EXPECT_EQ(Cause::none, machine.cause());
}

TEST(Machine, GraceOverWithoutAReasonDoesNothing) {
  Machine machine = running();
  EXPECT_THAT(machine.on(GraceOver{}), IsEmpty());
}

TEST(Machine, AFailedSetUpWaitsForInitToEnd) {
  Machine machine;
  EXPECT_THAT(machine.on(SetupFailed{}), IsEmpty());
  EXPECT_THAT(machine.on(InitGone{}), ElementsAre(Action::stop));
  EXPECT_EQ(Cause::none, machine.cause());
}

}  // namespace
}  // namespace sandbox
