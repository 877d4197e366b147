#include "seccomp/compile.h"

#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <memory>

#include "seccomp/rules.h"
#include "sys/error.h"
#include "sys/unique_fd.h"

namespace sandbox {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kCompatible = SCMP_ARCH_X86;
constexpr bool kHasSocketcall = true;
constexpr std::uint32_t kOddCalls = 0x40000000;  // x32's: left to libseccomp, which kills them
#elif defined(__aarch64__)
constexpr std::uint32_t kCompatible = SCMP_ARCH_ARM;
constexpr bool kHasSocketcall = false;
constexpr std::uint32_t kOddCalls = 0x0f0000;  // ARM's private ones (cacheflush, set_tls)
#else
#error "the deny list was reviewed for x86-64 and aarch64 only"
#endif

struct Release {
  void operator()(void* context) const { ::seccomp_release(context); }
};
using Context = std::unique_ptr<void, Release>;

void check(int result, const std::string& attempt) {
  if (result < 0) throw Error{attempt, -result};
}

// Compiling must not depend on what the build host's kernel can do: with the level set, libseccomp
// does not ask it. 5 has SECCOMP_RET_USER_NOTIF.
Context make_context(FilterShape shape) {
  check(::seccomp_api_set(5), "set libseccomp's API level");
  Context context{::seccomp_init(SCMP_ACT_ALLOW)};
  if (!context) throw Error{"start a system call filter", ENOMEM};
  check(::seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS),
        "refuse foreign architectures");
  check(::seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE,
                           shape == FilterShape::binary_tree ? 2 : 1),
        "choose the filter's shape");
  return context;
}

std::uint32_t action(Answer answer) {
  switch (answer) {
    case Answer::eperm:
      return SCMP_ACT_ERRNO(EPERM);
    case Answer::enosys:
      return SCMP_ACT_ERRNO(ENOSYS);
    case Answer::eafnosupport:
      return SCMP_ACT_ERRNO(EAFNOSUPPORT);
    case Answer::notify:
      return SCMP_ACT_NOTIFY;
  }
  return SCMP_ACT_KILL_PROCESS;
}

scmp_arg_cmp low_bits(unsigned argument, std::uint32_t mask, std::uint32_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}

using Comparisons = std::vector<scmp_arg_cmp>;

// Alternatives, any of which fulfils the condition: libseccomp knows no "any of these bits".
std::vector<Comparisons> alternatives(const Condition& condition) {
  switch (condition.test) {
    case Condition::Test::always:
      return {{}};
    case Condition::Test::equals:
      return {{low_bits(condition.argument, 0xffffffff, condition.value)}};
    case Condition::Test::not_null:
      return {{{condition.argument, SCMP_CMP_NE, 0, 0}}};
    case Condition::Test::any_bit:
      break;
  }
  std::vector<Comparisons> bits;
  for (std::uint32_t bit = 1; bit != 0; bit <<= 1)
    if (condition.value & bit) bits.push_back({low_bits(condition.argument, bit, bit)});
  return bits;
}

int number_of(const Rule& rule) {
  const std::string call(rule.call);
  const int number = ::seccomp_syscall_resolve_name(call.c_str());
  if (number == __NR_SCMP_ERROR) throw Error{"libseccomp does not know the system call " + call};
  return number;
}

void add(const Context& context, const Rule& rule) {
  for (const Comparisons& first : alternatives(rule.first))
    for (const Comparisons& second : alternatives(rule.second)) {
      Comparisons both = first;
      both.insert(both.end(), second.begin(), second.end());
      check(::seccomp_rule_add_array(context.get(), action(rule.answer), number_of(rule),
                                     static_cast<unsigned>(both.size()), both.data()),
            "add the rule \"" + rule_text(rule) + "\" to the system call filter");
    }
}

bool names(std::span<const std::string> allow, std::string_view group) {
  return std::find(allow.begin(), allow.end(), group) != allow.end();
}

std::vector<Rule> wanted_rules(std::span<const std::string> allow, KillWatch watch) {
  std::vector<Rule> rules;
  for (const Rule& rule : deny_rules())
    if (!names(allow, rule.group)) rules.push_back(rule);
  if (watch == KillWatch::on)
    rules.insert(rules.end(), kill_watch_rules().begin(), kill_watch_rules().end());
  return rules;
}

void add_all(const Context& context, std::span<const Rule> rules, Tables tables) {
  for (const Rule& rule : rules)
    if (rule.tables == tables) add(context, rule);
}

// libseccomp compares numbers for equality only. Its filter follows; all jumps are relative.
std::vector<sock_filter> newer_calls_prologue() {
  return {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, kLastReviewedCall, 0, 2),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kOddCalls, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
  };
}

void append_exported(const Context& context, std::vector<sock_filter>& program) {
  const UniqueFd file{::memfd_create("filter", MFD_CLOEXEC)};
  if (file.get() < 0) throw Error{"make a file for the system call filter", errno};
  check(::seccomp_export_bpf(context.get(), file.get()), "compile the system call filter");
  const auto bytes = static_cast<std::size_t>(::lseek(file.get(), 0, SEEK_END));
  const std::size_t before = program.size();
  program.resize(before + bytes / sizeof(sock_filter));
  if (::pread(file.get(), &program[before], bytes, 0) != static_cast<ssize_t>(bytes))
    throw Error{"read the compiled system call filter", errno};
}

}  // namespace

std::vector<sock_filter> compile_filter(std::span<const std::string> allow, KillWatch watch,
                                        FilterShape shape) {
  const Context context = make_context(shape);
  const auto rules = wanted_rules(allow, watch);
  // A rule enters the tables that the context has at the time.
  if (kHasSocketcall) add_all(context, rules, Tables::without_socketcall);
  check(::seccomp_arch_add(context.get(), kCompatible), "add the 32-bit system call table");
  if (!kHasSocketcall) add_all(context, rules, Tables::without_socketcall);
  add_all(context, rules, Tables::all);
  std::vector<sock_filter> program;
  if (!names(allow, kNewerCallsGroup)) program = newer_calls_prologue();
  append_exported(context, program);
  return program;
}

}  // namespace sandbox
