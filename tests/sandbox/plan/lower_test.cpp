#include "plan/lower.h"

#include <gtest/gtest.h>

#include "sandbox/plan/hosts.h"

namespace sandbox {
namespace {

using child::Op;

TEST(Lower, GroupJoinsBecomeTheirDescriptors) {
  const Plan plan = make_plan(plain_policy(), root_on_v1());
  InitHandles handles;
  handles.group_joins = {10, 11, 12};
  handles.trees.assign(plan.init.size(), -1);
  LoweredInit lowered{plan, handles, {}};
  EXPECT_EQ(Op::join_group, lowered.program().init.data[1].op);
  EXPECT_EQ(11, lowered.program().init.data[1].a);
}

TEST(Lower, DetachedTreesAreAttachedNotOpened) {
  const Plan plan = make_plan(plain_policy(), root_on_v1());
  InitHandles handles;
  handles.group_joins = {10, 11, 12};
  handles.trees.assign(plan.init.size(), -1);
  for (std::size_t i = 0; i < plan.init.size(); ++i) {
    if (plan.init[i].op == Op::root_clone) handles.trees[i] = 20;
    if (plan.init[i].op == Op::bind_path) handles.trees[i] = 21;
  }
  LoweredInit lowered{plan, handles, {}};
  int roots = 0;
  int binds = 0;
  for (std::size_t i = 0; i < lowered.program().init.size; ++i) {
    const child::Instr& instr = lowered.program().init.data[i];
    roots += instr.op == Op::root_attach && instr.a == 20;
    binds += instr.op == Op::bind_attach && instr.a == 21;
    EXPECT_NE(Op::bind_path, instr.op);
  }
  EXPECT_EQ(1, roots);
  EXPECT_GT(binds, 1);
}

TEST(Lower, ArgumentsAndEnvironmentEndWithNull) {
  const Plan plan = make_plan(plain_policy(), user_on_v2());
  const LoweredTest lowered{plan, {}};
  EXPECT_STREQ("./build/t", lowered.program().argv[0]);
  EXPECT_STREQ("--flag", lowered.program().argv[1]);
  EXPECT_EQ(nullptr, lowered.program().argv[2]);
  EXPECT_EQ(nullptr, lowered.program().envp[plan.environment.size()]);
}

TEST(Lower, AnEmptyFileHasNoContent) {
  Plan plan;
  plan.init = {{.op = Op::make_file, .text = "/tmp/f"}, {.op = Op::tmpfs, .text = "/tmp"}};
  LoweredInit lowered{plan, {}, {}};
  EXPECT_EQ(nullptr, lowered.program().init.data[0].text2);
  EXPECT_STREQ("", lowered.program().init.data[1].text2);
}

}  // namespace
}  // namespace sandbox
