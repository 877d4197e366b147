// Evaluates a filter as the kernel does, and says what the rules promise for the same call.
#pragma once

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "seccomp/rules.h"

namespace sandbox::test {

struct Table {
  std::uint32_t audit;
  std::uint32_t scmp;
};
#if defined(__x86_64__)
inline constexpr Table kTables[] = {{AUDIT_ARCH_X86_64, SCMP_ARCH_X86_64},
                                    {AUDIT_ARCH_I386, SCMP_ARCH_X86}};
#else
inline constexpr Table kTables[] = {{AUDIT_ARCH_AARCH64, SCMP_ARCH_AARCH64},
                                    {AUDIT_ARCH_ARM, SCMP_ARCH_ARM}};
#endif

inline bool jumps(const sock_filter& at, std::uint32_t accumulator) {
  switch (BPF_OP(at.code)) {
    case BPF_JEQ:
      return accumulator == at.k;
    case BPF_JGT:
      return accumulator > at.k;
    case BPF_JGE:
      return accumulator >= at.k;
    case BPF_JSET:
      return (accumulator & at.k) != 0;
  }
  std::abort();
}

// The SECCOMP_RET_* value; `steps` counts instructions. Aborts on one that libseccomp does not use.
inline std::uint32_t evaluate(std::span<const sock_filter> filter, const seccomp_data& call,
                              unsigned* steps = nullptr) {
  std::uint32_t accumulator = 0;
  for (std::size_t pc = 0; pc < filter.size(); ++pc) {
    if (steps) ++*steps;
    const sock_filter& at = filter[pc];
    if (BPF_CLASS(at.code) == BPF_LD) {
      std::memcpy(&accumulator, reinterpret_cast<const char*>(&call) + at.k, sizeof accumulator);
    } else if (at.code == (BPF_ALU | BPF_AND | BPF_K)) {
      accumulator &= at.k;
    } else if (at.code == (BPF_JMP | BPF_JA)) {
      pc += at.k;
    } else if (BPF_CLASS(at.code) == BPF_JMP) {
      pc += jumps(at, accumulator) ? at.jt : at.jf;
    } else if (at.code == (BPF_RET | BPF_K)) {
      return at.k;
    } else {
      std::abort();
    }
  }
  std::abort();
}

inline bool holds(const Condition& condition, const seccomp_data& call) {
  const std::uint64_t argument = call.args[condition.argument];
  const auto low = static_cast<std::uint32_t>(argument);
  switch (condition.test) {
    case Condition::Test::always:
      return true;
    case Condition::Test::any_bit:
      return (low & condition.value) != 0;
    case Condition::Test::equals:
      return low == condition.value;
    case Condition::Test::not_null:
      return argument != 0;
  }
  std::abort();
}

inline int errno_of(Answer answer) {
  switch (answer) {
    case Answer::eperm:
      return EPERM;
    case Answer::enosys:
      return ENOSYS;
    case Answer::eafnosupport:
      return EAFNOSUPPORT;
    case Answer::notify:
      break;
  }
  return 0;
}

// The call's number in that table; negative where it has none.
inline int number_in(const Table& table, std::string_view call) {
  // libseccomp gives the multiplexed number first where a call has two.
  if (table.scmp == SCMP_ARCH_X86 && call == "socket") return 359;
  return ::seccomp_syscall_resolve_name_arch(table.scmp, std::string(call).c_str());
}

struct NumberedRule {
  int number;
  Rule rule;
};

// The rules that hold in one table, with this --allow.
inline std::vector<NumberedRule> rules_of(const Table& table, std::span<const std::string> allow,
                                          KillWatch watch) {
  std::vector<NumberedRule> rules;
  const auto take = [&](const Rule& rule) {
    if (rule.tables == Tables::without_socketcall && table.scmp == SCMP_ARCH_X86) return;
    const int number = number_in(table, rule.call);
    if (number >= 0) rules.push_back({number, rule});
  };
  for (const Rule& rule : deny_rules())
    if (std::find(allow.begin(), allow.end(), rule.group) == allow.end()) take(rule);
  if (watch == KillWatch::on)
    std::for_each(kill_watch_rules().begin(), kill_watch_rules().end(), take);
  return rules;
}

inline std::uint32_t promised(std::span<const NumberedRule> rules, const seccomp_data& call) {
  for (const auto& [number, rule] : rules) {
    if (number != call.nr || !holds(rule.first, call) || !holds(rule.second, call)) continue;
    if (rule.answer == Answer::notify) return SECCOMP_RET_USER_NOTIF;
    return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(errno_of(rule.answer));
  }
  return SECCOMP_RET_ALLOW;
}

// Argument values around every condition: each rule's own value, single bits, and all of them
// again with high bits set, which the kernel ignores in an int.
inline std::vector<std::uint64_t> telling_values() {
  std::vector<std::uint64_t> values{0, 1, 2, 9, 15, 38, 39, 40, 0x5412, 0x541C, 0xffffffff};
  for (unsigned bit = 0; bit < 32; ++bit) values.push_back(1ull << bit);
  const std::size_t low = values.size();
  for (std::size_t i = 0; i < low; ++i) values.push_back(values[i] | 0xdead00000000ull);
  return values;
}

}  // namespace sandbox::test
