// The deny list as data: what is answered otherwise than the kernel would, and which --allow lifts
// it. Shared by the generator of the default filter, by build_filter and by the tests.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "seccomp/profile.h"

namespace sandbox {

// What a call meets. A program told EPERM learns that it may not; one told ENOSYS or EAFNOSUPPORT
// takes the path it has for kernels without the feature; `notify` asks the supervisor.
enum class Answer { eperm, enosys, eafnosupport, notify };

// On one argument. The kernel reads ints from the low 32 bits and ignores the rest, so but for
// `not_null` the rest is ignored here too: else a set high bit would get past the rule.
struct Condition {
  enum class Test { always, any_bit, equals, not_null };
  Test test = Test::always;
  unsigned argument = 0;
  std::uint32_t value = 0;
  std::string_view words{};  // "TIOCSTI"
};

// i386 has the socket calls a second time, behind socketcall(2), whose arguments lie in memory: a
// rule on an argument would refuse every socket there, so it is left out of that table.
enum class Tables { all, without_socketcall };

// Both conditions must hold.
struct Rule {
  std::string_view group;  // AllowGroup::name; empty: never lifted
  std::string_view call;   // as libseccomp names it
  Answer answer = Answer::eperm;
  Condition first{};
  Condition second{};
  Tables tables = Tables::all;
};

std::span<const Rule> deny_rules();
// SIGKILL sent by any of the calls that send signals (KillWatch::on).
std::span<const Rule> kill_watch_rules();

// Calls of higher numbers were not reviewed for this list and get ENOSYS, as on an older kernel;
// --allow=newer-calls lifts it. The numbers from 424 on are the same on every architecture.
inline constexpr std::uint32_t kLastReviewedCall = 466;  // removexattrat, Linux 6.13
inline constexpr std::string_view kNewerCallsGroup = "newer-calls";

// "ioctl where argument 1 is TIOCSTI: EPERM, --allow=terminal-input"
std::string rule_text(const Rule& rule);

}  // namespace sandbox
