// The program that the cloned child interprets: plain data, made complete in the parent.
// Everything is resolved beforehand; the child only makes the system calls, in order.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>

struct sock_fprog;

namespace sandbox::child {

// One system call or one short, fixed sequence. `a`, `b` and `text` mean what the comment says.
// Relative destinations are resolved beneath `root_fd` by openat2(RESOLVE_IN_ROOT).
enum class Op : std::uint8_t {
  // --- init, in the new namespaces but still in the old root
  join_group,      // fd a: write "0" to a v1 `tasks` file
  unshare_cgroup,  // unshare(CLONE_NEWCGROUP), after the joins
  await_maps,      // wait for the parent's word that it wrote the id maps
  write_map,       // text: content, text2: "/proc/self/uid_map"
  become,          // setgroups(0) if flags, setresgid(b), setresuid(a)
  non_dumpable,    // PR_SET_DUMPABLE 0, after the maps
  parent_death,    // PR_SET_PDEATHSIG a (0: none), after setresuid (which clears it)
  subreaper,       // PR_SET_CHILD_SUBREAPER, where there is no pid namespace
  loopback_up,     // SIOCSIFFLAGS on lo
  umask,           // a
  // --- the new root
  root_clone,    // a recursive clone of "/" becomes the new root; flags: MOUNT_ATTR_*
  root_attach,   // the detached tree fd a becomes the new root
  tmpfs,         // mounts a tmpfs with options text2 on text; flags: MOUNT_ATTR_*
  proc,          // a fresh proc on text; flags
  sysfs,         // a fresh sysfs on text; flags
  devpts,        // a fresh devpts on text, options text2
  cgroup,        // a fresh view of the v1 hierarchy text2 ("cpu,cpuacct") on text; flags
  cgroup2,       // a fresh view of the v2 hierarchy on text; flags
  bind_path,     // open_tree of the host path text onto text2, flags: MOUNT_ATTR_*; b != 0: onto
                 // what lies at text2 itself, a symlink too; value != 0: left out where text2 has
                 // gone, or lies in a folder that the identity inside may not enter
  bind_attach,   // the detached tree fd a onto text2; b, value as above
  bind_inside,   // open_tree of text, a path in the new root, onto text2; flags
  mkdir,         // text, mode a; every missing parent too; existing is fine
  make_file,     // text: path in the new root, text2: content or null, mode a; existing is fine
  write_inside,  // text: content, text2: an existing file's path in the new root
  symlink,       // text: target, text2: path
  pivot,         // pivot_root into the new root and detach the old one
  // --- the test
  new_session,  // setsid
  keyring,      // KEYCTL_JOIN_SESSION_KEYRING
  rlimit,       // resource a, soft = hard = value (RLIM_INFINITY: ~0)
  affinity,     // text: cpu mask of a bytes
  no_new_privs,
  drop_bounding,      // every capability out of the bounding set, and ambient cleared
  drop_capabilities,  // capset to none
  chdir,              // text, which must then have a path inside
  keep_fd,            // fd b becomes a, open in the test; after close_range
  keep_channel,  // the same for the channel; b < 0: the one that came with the test; best effort
  cloexec_from,  // close_range(a, ~0, CLOEXEC)
  filter,        // seccomp(SET_MODE_FILTER); a != 0: ask for a listener and send it to the parent
};

struct Instr {
  Op op{};
  std::int64_t a = 0;
  std::int64_t b = 0;
  std::uint64_t flags = 0;
  std::uint64_t value = 0;
  const char* text = nullptr;
  const char* text2 = nullptr;
  std::uint64_t device = 0;  // bind_path: what the parent saw there; 0: not compared
  std::uint64_t inode = 0;
};

template <typename T>
struct Span {
  const T* data = nullptr;
  std::size_t size = 0;
};

// What differs from one test to the next in the same sandbox.
struct TestProgram {
  Span<Instr> steps;
  const char* executable = nullptr;  // the path given to execve; argv[0] stays the user's own
  const char* const* argv = nullptr;
  const char* const* envp = nullptr;
  const sock_fprog* filter = nullptr;
  const sock_fprog* filter_unwatched = nullptr;  // where a listener is refused (one a process tree)
  sigset_t mask{};                               // the caller's signal mask, given back to the test
  std::uint64_t open_files = 0;                  // the test's soft RLIMIT_NOFILE; 0: as it is
  Span<const char*> fresh_places;  // tmpfs mounts whose fill is looked at when the test has ended
};

struct Program {
  Span<Instr> init;
  const TestProgram* test = nullptr;
  bool prepared = false;    // `test` is filled in later: wait for test_given
  Span<char> command_line;  // the supervisor's own argv in memory: overwritten, it may hold secrets
  int control_fd = -1;      // SOCK_SEQPACKET to the supervisor
  // The copy of the supervisor's end: closed, or its end is never seen.
  int parents_control_fd = -1;
  int supervisor_fd = -1;  // pidfd of the supervisor; readable once it is gone
  bool isolated = true;    // false: no namespaces were made (--isolation=none)
};

// --- the messages on control_fd, one struct a packet
enum class MessageKind : std::uint32_t {
  setup_failed,  // init or test → parent
  started,       // execve succeeded
  exited,        // the main process ended; init waits for `finish` if there is something to look at
  listener,      // carries the seccomp listener by SCM_RIGHTS
  ready,         // a prepared sandbox waits; carries its own /proc/self/mountinfo
  maps_written,  // parent → init
  test_given,  // parent → init, carries the test's descriptors 0 to 2 and its channel by SCM_RIGHTS
  forward,     // parent → init: send `value` to the main process
  finish,      // parent → init: leftovers were listed, end
};

enum class Phase : std::uint32_t { init, clone, test, exec };

struct Message {
  MessageKind kind{};
  Phase phase{};
  std::uint32_t index = 0;  // of the failed instruction
  std::int32_t error = 0;   // errno
  std::int32_t status = 0;  // as wait4
  std::int32_t value =
      0;  // forward: signal; exited: 1 if other processes are left; started: pid inside
  std::int64_t monotonic_ns = 0;
  std::int64_t user_us = 0;  // exited: rusage of the main process and those it waited for
  std::int64_t system_us = 0;
  std::int64_t max_rss_kib = 0;
  std::uint8_t exec_reached = 0;  // exited: 0 if it died before execve
  std::uint8_t full_place = 0;  // exited: 1 + index into fresh_places of one ≥ 95 % full; 0: none
  std::uint8_t waits = 0;       // exited: 1 if init waits for `finish`
};

}  // namespace sandbox::child
