#include "supervise/assemble.h"

#include <gtest/gtest.h>

namespace sandbox {
namespace {

Facts facts_of(const Observation& seen) {
  Plan plan;
  plan.argv = {"./t"};
  return gather_facts(seen, {}, plan, Policy{}, Group{});
}

TEST(GatherFacts, WithoutAWordFromInsideTheTestNeverRan) {
  const Facts facts = facts_of({});
  EXPECT_TRUE(facts.init_died);
  EXPECT_FALSE(facts.exec_reached);
  EXPECT_EQ(judge(facts).verdict, Verdict::setup_failed);
}

TEST(GatherFacts, APid1ThatIsKilledBeforeItsWordOfTheTestIsNoFailedSetUp) {
  Observation seen;
  seen.kill_watch_active = true;
  const Facts facts = facts_of(seen);
  EXPECT_TRUE(facts.exec_reached);
  EXPECT_EQ(judge(facts).verdict, Verdict::killed);
  EXPECT_TRUE(judge(facts).evidence.init_died);
}

TEST(GatherFacts, AFailedStepBeforeExecveIsOne) {
  Observation seen;
  seen.kill_watch_active = true;
  seen.setup_failure = child::Message{};
  seen.setup_failure->kind = child::MessageKind::setup_failed;
  seen.setup_failure->phase = child::Phase::exec;
  seen.setup_failure->error = 2;
  EXPECT_EQ(judge(facts_of(seen)).verdict, Verdict::setup_failed);
}

}  // namespace
}  // namespace sandbox
