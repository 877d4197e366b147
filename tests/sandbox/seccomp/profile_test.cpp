// What a process under the default filter meets, tried on the running kernel.
#include "seccomp/profile.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/io_uring.h>
#include <linux/landlock.h>
#include <linux/sched.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <thread>

#include "sandbox/seccomp/bpf.h"
#include "sandbox/seccomp/under.h"
#include "support/host.h"

namespace sandbox {
namespace {

using test::attempt;
using test::End;
using test::under;

const std::span<const sock_filter> kStandard = standard_filter(KillWatch::off);

// Every argument is invalid as a pointer, an fd and a flag word: without the filter the kernel
// refuses the call for another reason, and nothing happens even where the filter is broken.
std::function<int()> nonsense(long number) {
  return [number] { return attempt(number, -1L, -1L, -1L, -1L, -1L, -1L); };
}

std::vector<test::NumberedRule> unconditional(const test::Table& table) {
  auto rules = test::rules_of(table, {}, KillWatch::off);
  std::erase_if(rules,
                [](const auto& ruled) { return ruled.rule.first.test != Condition::Test::always; });
  return rules;
}

TEST(SeccompProfile, DeniedCallsMeetTheirErrno) {
  for (const auto& [number, rule] : unconditional(test::kTables[0]))
    EXPECT_EQ(under(kStandard, nonsense(number)), (End{test::errno_of(rule.answer)})) << rule.call;
}

// Without this, a call that the kernel denies anyway would prove nothing above.
TEST(SeccompProfile, DeniedCallsMeetAnotherErrnoWithoutTheFilter) {
  REQUIRE_ROOT();  // an ordinary user meets EPERM anyway
  for (const auto& [number, rule] : unconditional(test::kTables[0])) {
    if (rule.call == "vhangup") continue;  // takes no argument that could be wrong
    const End end = under({}, nonsense(number));
    EXPECT_NE(end, (End{EPERM})) << rule.call;
    EXPECT_EQ(end.signal, 0) << rule.call;
  }
}

TEST(SeccompProfile, LiftedCallsAnswerAsWithoutAFilter) {
  for (const AllowGroup& group : allow_groups()) {
    const auto filter = build_filter({std::string(group.name)}, KillWatch::off);
    for (const auto& [number, rule] : unconditional(test::kTables[0])) {
      if (rule.group != group.name) continue;
      EXPECT_EQ(under(filter, nonsense(number)), under({}, nonsense(number))) << rule.call;
    }
  }
}

constexpr long kNamespaces[] = {CLONE_NEWNS,   CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
                                CLONE_NEWUSER, CLONE_NEWPID,    CLONE_NEWNET};

TEST(SeccompProfile, CloneMakesNoNamespace) {
  for (const long flag : kNamespaces)
    EXPECT_EQ(under(kStandard, [&] { return attempt(SYS_clone, flag | SIGCHLD, 0, 0, 0, 0); }),
              (End{EPERM}))
        << std::hex << flag;
}

TEST(SeccompProfile, UnshareMakesNoNamespace) {
  for (const long flag : kNamespaces)
    EXPECT_EQ(under(kStandard, [&] { return attempt(SYS_unshare, flag); }), (End{EPERM}))
        << std::hex << flag;
  EXPECT_EQ(under(kStandard, [] { return attempt(SYS_unshare, CLONE_NEWTIME); }), (End{EPERM}));
}

TEST(SeccompProfile, UnshareOfFilesAndFileSystemWorks) {
  EXPECT_EQ(under(kStandard, [] { return attempt(SYS_unshare, CLONE_FILES | CLONE_FS); }),
            (End{0}));
}

// glibc tries clone3 first.
TEST(SeccompProfile, ThreadsAndChildrenStart) {
  EXPECT_EQ(under(kStandard,
                  [] {
                    int seen = 0;
                    std::thread([&] { seen = 7; }).join();
                    const pid_t child = ::fork();
                    if (child == 0) ::_exit(seen);
                    int status = 0;
                    ::waitpid(child, &status, 0);
                    return WEXITSTATUS(status);
                  }),
            (End{7}));
}

int on_terminal(const std::function<int(int fd)>& action) {
  int controller = -1;
  int terminal = -1;
  if (::openpty(&controller, &terminal, nullptr, nullptr, nullptr) != 0) return 252;
  return action(terminal);
}

TEST(SeccompProfile, NothingIsPutIntoATerminalsInput) {
  for (const unsigned long request : {0x5412ul, 0x541Cul, 0xdead00005412ul, 0xffffffff0000541Cul})
    EXPECT_EQ(under(kStandard,
                    [&] {
                      return on_terminal([&](int fd) {
                        char word = 'x';
                        return attempt(SYS_ioctl, fd, request, &word);
                      });
                    }),
              (End{EPERM}))
        << std::hex << request;
}

TEST(SeccompProfile, OtherTerminalCallsWork) {
  EXPECT_EQ(under(kStandard,
                  [] {
                    return on_terminal([](int fd) {
                      winsize size{};
                      return attempt(SYS_ioctl, fd, TIOCGWINSZ, &size);
                    });
                  }),
            (End{0}));
}

// An unknown resource: PID 1 stays as it is even where the filter is broken.
TEST(SeccompProfile, LimitsOfPid1CannotBeSet) {
  for (const unsigned long pid : {1ul, 0xdead00000001ul})
    EXPECT_EQ(under(kStandard,
                    [&] {
                      const rlimit limit{0, 0};
                      return attempt(SYS_prlimit64, pid, 99, &limit, nullptr);
                    }),
              (End{EPERM}));
}

TEST(SeccompProfile, LimitsOfPid1AreReadAsWithoutAFilter) {
  const auto read = [] { return attempt(SYS_prlimit64, 1, 99, nullptr, nullptr); };
  EXPECT_EQ(under(kStandard, read), under({}, read));
}

TEST(SeccompProfile, OwnLimitsCanBeSet) {
  EXPECT_EQ(under(kStandard,
                  [] {
                    const rlimit limit{64, 64};
                    return attempt(SYS_prlimit64, 0, RLIMIT_NOFILE, &limit, nullptr);
                  }),
            (End{0}));
}

TEST(SeccompProfile, SocketsPastTheNetworkNamespaceAreUnknown) {
  for (const unsigned long family : {40ul, 38ul, 0xdead00000028ul})
    EXPECT_EQ(under(kStandard, [&] { return attempt(SYS_socket, family, SOCK_STREAM, 0); }),
              (End{EAFNOSUPPORT}));
}

TEST(SeccompProfile, UsualSocketsWork) {
  for (const int family : {AF_UNIX, AF_INET, AF_NETLINK})
    EXPECT_EQ(under(kStandard, [&] { return attempt(SYS_socket, family, SOCK_DGRAM, 0); }),
              (End{0}));
}

TEST(SeccompProfile, NewerCallsAreUnknown) {
  EXPECT_EQ(under(kStandard, nonsense(kLastReviewedCall + 1)), (End{ENOSYS}));
}

// What sanitizers, debuggers and test suites use; each must answer as it does without a filter.
const std::pair<const char*, std::function<int()>> kUsual[] = {
    {"ptrace", [] { return attempt(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0); }},
    {"personality", [] { return attempt(SYS_personality, ADDR_NO_RANDOMIZE); }},
    {"memfd_create", [] { return attempt(SYS_memfd_create, "x", 0); }},
    {"memfd_secret", [] { return attempt(SYS_memfd_secret, 0); }},
    {"seccomp", [] { return test::load(kStandard) == 0 ? 0 : errno; }},
    {"landlock",
     [] {
       return attempt(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
     }},
    {"mbind", [] { return attempt(SYS_mbind, 0, 0, 0, 0, 0, 0); }},
    {"set_mempolicy", [] { return attempt(SYS_set_mempolicy, 0, 0, 0); }},
    {"pidfd_open", [] { return attempt(SYS_pidfd_open, ::getpid(), 0); }},
    {"pidfd_getfd", [] { return attempt(SYS_pidfd_getfd, -1, 0, 0); }},
    {"kcmp", [] { return attempt(SYS_kcmp, ::getpid(), ::getpid(), 0, 0, 1); }},
    {"membarrier", [] { return attempt(SYS_membarrier, 0, 0, 0); }},
    {"rseq", [] { return attempt(SYS_rseq, -1L, 0, 0, 0); }},
    {"name_to_handle_at", [] { return attempt(SYS_name_to_handle_at, -1, "", 0, 0, 0); }},
    {"sched_setaffinity", [] { return attempt(SYS_sched_setaffinity, 0, 0, 0); }},
    {"chroot", [] { return attempt(SYS_chroot, "/"); }},
    {"process_vm_readv",
     [] {
       int from = 7;
       int to = 0;
       iovec local{&to, sizeof to};
       iovec remote{&from, sizeof from};
       return attempt(SYS_process_vm_readv, ::getpid(), &local, 1, &remote, 1, 0);
     }},
};

TEST(SeccompProfile, UsualCallsAnswerAsWithoutAFilter) {
  for (const auto& [name, usual] : kUsual)
    EXPECT_EQ(under(kStandard, usual), under({}, usual)) << name;
}

#if defined(__x86_64__)
using test::attempt_int80;

#define REQUIRE_I386_TABLE()                                                                  \
  REQUIRE_HOST(test::has_i386_table(), "needs the i386 system calls (CONFIG_IA32_EMULATION)", \
               "v1-root", "v1-user")

std::function<int()> nonsense_int80(int number) {
  return [number] { return attempt_int80(number, ~0u, ~0u, ~0u, ~0u, ~0u); };
}

TEST(SeccompProfile, DeniedCallsMeetTheirErrnoInTheI386Table) {
  REQUIRE_I386_TABLE();
  for (const auto& [number, rule] : unconditional(test::kTables[1]))
    EXPECT_EQ(under(kStandard, nonsense_int80(number)), (End{test::errno_of(rule.answer)}))
        << rule.call;
}

TEST(SeccompProfile, ConditionsHoldInTheI386Table) {
  REQUIRE_I386_TABLE();
  constexpr int kClone = 120;
  constexpr int kIoctl = 54;
  constexpr int kPrlimit64 = 340;
  EXPECT_EQ(under(kStandard, [] { return attempt_int80(kClone, CLONE_NEWUSER | SIGCHLD); }),
            (End{EPERM}));
  EXPECT_EQ(under(kStandard, [] { return attempt_int80(kIoctl, ~0u, TIOCSTI); }), (End{EPERM}));
  EXPECT_EQ(under(kStandard, [] { return attempt_int80(kIoctl, ~0u, TIOCGWINSZ); }), (End{EBADF}));
  EXPECT_EQ(under(kStandard, [] { return attempt_int80(kPrlimit64, 1, 99, 1); }), (End{EPERM}));
}

// How 32-bit programs of a glibc for old kernels open every socket.
TEST(SeccompProfile, I386SocketcallWorks) {
  REQUIRE_I386_TABLE();
  constexpr int kSocketcall = 102;
  EXPECT_EQ(under(kStandard,
                  [] {
                    void* low = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE,
                                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
                    auto* arguments = static_cast<std::uint32_t*>(low);
                    arguments[0] = AF_UNIX;
                    arguments[1] = SOCK_STREAM;
                    const auto address = reinterpret_cast<std::uintptr_t>(low);
                    return attempt_int80(kSocketcall, 1, static_cast<std::uint32_t>(address));
                  }),
            (End{0}));
}

TEST(SeccompProfile, X32CallsKillTheProcess) {
  EXPECT_EQ(under(kStandard, [] { return attempt(0x40000000 | SYS_getpid); }), (End{-1, SIGSYS}));
}
#endif

}  // namespace
}  // namespace sandbox
