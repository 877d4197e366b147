// The filters against the rules, call by call, without a kernel.
#include <gtest/gtest.h>

#include <set>

#include "sandbox/seccomp/bpf.h"
#include "seccomp/compile.h"
#include "seccomp/profile.h"

namespace sandbox {
namespace {

constexpr int kNumbers = static_cast<int>(kLastReviewedCall) + 1;

// Every argument position takes every telling value while the others hold `rest`.
std::vector<seccomp_data> telling_calls(int number, const test::Table& table) {
  std::vector<seccomp_data> calls;
  for (const std::uint64_t rest : {0ull, 1ull, ~0ull})
    for (unsigned position = 0; position < 3; ++position)
      for (const std::uint64_t value : test::telling_values()) {
        seccomp_data call{number, table.audit, 0, {rest, rest, rest, rest, rest, rest}};
        call.args[position] = value;
        calls.push_back(call);
      }
  return calls;
}

// i386 arguments have no high half.
bool possible(const test::Table& table, const seccomp_data& call) {
  if (table.audit == test::kTables[0].audit) return true;
  return std::all_of(std::begin(call.args), std::end(call.args),
                     [](std::uint64_t argument) { return argument >> 32 == 0; });
}

// Those that some rule names, --allow or not.
std::set<int> ruled_numbers(const test::Table& table) {
  std::set<int> numbers;
  for (const auto& ruled : test::rules_of(table, {}, KillWatch::on)) numbers.insert(ruled.number);
  return numbers;
}

void expect_rules_kept(std::span<const sock_filter> filter, std::span<const std::string> allow,
                       KillWatch watch) {
  for (const test::Table& table : test::kTables) {
    const auto rules = test::rules_of(table, allow, watch);
    for (const int number : ruled_numbers(table))
      for (const seccomp_data& call : telling_calls(number, table)) {
        if (!possible(table, call)) continue;
        ASSERT_EQ(test::evaluate(filter, call), test::promised(rules, call))
            << "call " << number << " of table " << std::hex << table.audit << " with "
            << call.args[0] << ", " << call.args[1] << ", " << call.args[2];
      }
  }
}

// Calls that no rule names, whatever their arguments.
void expect_rest_allowed(std::span<const sock_filter> filter) {
  for (const test::Table& table : test::kTables) {
    const auto ruled = ruled_numbers(table);
    for (int number = 0; number < kNumbers; ++number) {
      if (ruled.contains(number)) continue;
      const seccomp_data call{number, table.audit, 0, {1, 9, 9, ~0u, ~0u, ~0u}};
      EXPECT_EQ(test::evaluate(filter, call), SECCOMP_RET_ALLOW) << number;
    }
  }
}

TEST(SeccompFilter, StandardFilterKeepsTheRules) {
  for (const KillWatch watch : {KillWatch::off, KillWatch::on}) {
    expect_rules_kept(standard_filter(watch), {}, watch);
    expect_rest_allowed(standard_filter(watch));
  }
}

TEST(SeccompFilter, StandardFilterIsTheCompiledDenyList) {
  for (const KillWatch watch : {KillWatch::off, KillWatch::on}) {
    const auto built = build_filter({}, watch);
    const auto standard = standard_filter(watch);
    ASSERT_EQ(built.size(), standard.size());
    EXPECT_EQ(std::memcmp(built.data(), standard.data(), standard.size_bytes()), 0);
  }
}

TEST(SeccompFilter, LinearShapeKeepsTheRules) {
  const auto filter = compile_filter({}, KillWatch::on, FilterShape::linear);
  expect_rules_kept(filter, {}, KillWatch::on);
  expect_rest_allowed(filter);
}

TEST(SeccompFilter, EachAllowGroupLiftsExactlyItsOwn) {
  for (const AllowGroup& group : allow_groups()) {
    SCOPED_TRACE(group.name);
    const std::vector<std::string> allow{std::string(group.name)};
    const auto filter = build_filter(allow, KillWatch::on);
    expect_rules_kept(filter, allow, KillWatch::on);
    expect_rest_allowed(filter);
  }
}

TEST(SeccompFilter, AllGroupsTogetherLeaveTheKernelsAdministrationDenied) {
  std::vector<std::string> allow;
  for (const AllowGroup& group : allow_groups()) allow.emplace_back(group.name);
  expect_rules_kept(build_filter(allow, KillWatch::off), allow, KillWatch::off);
}

TEST(SeccompFilter, CallsNewerThanTheListAreUnknownUnlessAllowed) {
  const auto lifted = build_filter({std::string(kNewerCallsGroup)}, KillWatch::off);
  for (const test::Table& table : test::kTables)
    for (const std::uint32_t number : {kLastReviewedCall + 1, 500u, 1023u, 0x3fffu}) {
      const seccomp_data call{static_cast<int>(number), table.audit, 0, {}};
      EXPECT_EQ(test::evaluate(standard_filter(KillWatch::off), call), SECCOMP_RET_ERRNO | ENOSYS);
      EXPECT_EQ(test::evaluate(lifted, call), SECCOMP_RET_ALLOW);
    }
}

TEST(SeccompFilter, ForeignArchitecturesAreKilled) {
  const seccomp_data call{1, AUDIT_ARCH_RISCV64, 0, {}};
  for (const KillWatch watch : {KillWatch::off, KillWatch::on})
    EXPECT_EQ(test::evaluate(standard_filter(watch), call), SECCOMP_RET_KILL_PROCESS);
}

#if defined(__x86_64__)
TEST(SeccompFilter, X32CallsAreKilled) {
  for (const std::uint32_t number : {0u, 39u, 512u, 547u}) {
    const seccomp_data call{static_cast<int>(0x40000000 | number), AUDIT_ARCH_X86_64, 0, {}};
    EXPECT_EQ(test::evaluate(standard_filter(KillWatch::off), call), SECCOMP_RET_KILL_PROCESS);
  }
}
#endif

// A tracer skips a call by making its number -1 (seccomp(2)).
TEST(SeccompFilter, TracersMaySkipACall) {
  for (const test::Table& table : test::kTables)
    EXPECT_EQ(test::evaluate(standard_filter(KillWatch::off), {-1, table.audit, 0, {}}),
              SECCOMP_RET_ALLOW);
}

// The kernel walks the filter once for each number of each table when it is loaded.
TEST(SeccompFilter, BinaryTreeIsWalkedInFewSteps) {
  for (const test::Table& table : test::kTables)
    for (int number = 0; number < kNumbers; ++number) {
      unsigned steps = 0;
      test::evaluate(standard_filter(KillWatch::on), {number, table.audit, 0, {}}, &steps);
      EXPECT_LE(steps, 45u) << number;
    }
  EXPECT_LE(standard_filter(KillWatch::on).size(), 256u);
}

}  // namespace
}  // namespace sandbox
