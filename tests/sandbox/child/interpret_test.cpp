// One test an instruction: it is interpreted in a forked child, in namespaces of its own, and the
// kernel is asked afterwards what became of it.
#include "child/interpret.h"

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/mount.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "sys/files.h"
#include "sys/unique_fd.h"

namespace sandbox::child {
namespace {

constexpr int kNamespaces =
    CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC;
constexpr unsigned kAlarmSeconds = 20;

// 0, or the line of the first check that failed.
int in_child(const std::function<int()>& body) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::alarm(kAlarmSeconds);
    ::_exit(body());
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

#define CHECK_OR(number, condition) \
  if (!(condition)) return number

bool map_own_ids() {
  const std::string uid = std::to_string(::geteuid()) + " " + std::to_string(::geteuid()) + " 1";
  const std::string gid = std::to_string(::getegid()) + " " + std::to_string(::getegid()) + " 1";
  if (::unshare(kNamespaces) < 0) return false;
  return write_file_at(AT_FDCWD, "/proc/self/setgroups", "deny") == 0 &&
         write_file_at(AT_FDCWD, "/proc/self/gid_map", gid) == 0 &&
         write_file_at(AT_FDCWD, "/proc/self/uid_map", uid) == 0;
}

// In namespaces, with the host's root cloned read-only as the new root and a tmpfs on its /tmp.
int in_new_root(const std::function<int(Context&)>& body) {
  return in_child([&] {
    CHECK_OR(100, map_own_ids());
    static Program program;
    Context context{&program};
    CHECK_OR(101, interpret(context,
                            {.op = Op::root_clone, .flags = MOUNT_ATTR_RDONLY, .text = "/"}) == 0);
    CHECK_OR(102, interpret(context, {.op = Op::tmpfs,
                                      .flags = MOUNT_ATTR_NODEV,
                                      .text = "/tmp",
                                      .text2 = "size=1048576,nr_inodes=100,mode=1777"}) == 0);
    return body(context);
  });
}

int do_op(Context& context, const Instr& instr) {
  return interpret(context, instr);
}

std::string inside(const Context& context, const std::string& path) {
  return "/proc/self/fd/" + std::to_string(context.root_fd) + path;
}

TEST(Interpret, RootCloneIsReadOnly) {
  EXPECT_EQ(0, in_new_root([](Context& context) {
              CHECK_OR(1, ::open(inside(context, "/etc/x").c_str(), O_CREAT | O_WRONLY, 0600) < 0);
              CHECK_OR(2, errno == EROFS || errno == EACCES);
              return 0;
            }));
}

TEST(Interpret, TmpfsHasItsOptions) {
  EXPECT_EQ(0, in_new_root([](Context& context) {
              struct statfs fs;
              struct stat st;
              CHECK_OR(1, ::statfs(inside(context, "/tmp").c_str(), &fs) == 0);
              CHECK_OR(2, static_cast<unsigned long>(fs.f_blocks) *
                                  static_cast<unsigned long>(fs.f_bsize) ==
                              1048576);
              CHECK_OR(3, fs.f_files == 100);
              CHECK_OR(4, ::stat(inside(context, "/tmp").c_str(), &st) == 0 &&
                              (st.st_mode & 07777) == 01777);
              return 0;
            }));
}

TEST(Interpret, MkdirMakesEveryMissingParentAndTakesAnExistingOne) {
  EXPECT_EQ(0, in_new_root([](Context& context) {
              const Instr instr{.op = Op::mkdir, .a = 0700, .text = "/tmp/a/b/c"};
              ::umask(0);
              CHECK_OR(1, do_op(context, instr) == 0 && do_op(context, instr) == 0);
              struct stat st;
              CHECK_OR(2, ::stat(inside(context, "/tmp/a/b/c").c_str(), &st) == 0 &&
                              (st.st_mode & 0777) == 0700);
              CHECK_OR(3, ::stat(inside(context, "/tmp/a").c_str(), &st) == 0 &&
                              (st.st_mode & 0777) == 0755);
              return 0;
            }));
}

TEST(Interpret, MakeFileWritesItsContent) {
  EXPECT_EQ(0, in_new_root([](Context& context) {
              CHECK_OR(
                  1,
                  do_op(context,
                        {.op = Op::make_file, .a = 0644, .text = "/tmp/f", .text2 = "hello"}) == 0);
              CHECK_OR(2, read_file(inside(context, "/tmp/f")) == "hello");
              CHECK_OR(3, do_op(context, {.op = Op::make_file, .a = 0644, .text = "/etc/f"}) != 0);
              return 0;
            }));
}

TEST(Interpret, WriteInsideNeedsAnExistingFile) {
  EXPECT_EQ(
      0, in_new_root([](Context& context) {
        do_op(context, {.op = Op::make_file, .a = 0644, .text = "/tmp/f"});
        CHECK_OR(1, do_op(context, {.op = Op::write_inside, .text = "7", .text2 = "/tmp/f"}) == 0);
        CHECK_OR(2, read_file(inside(context, "/tmp/f")) == "7");
        CHECK_OR(
            3, do_op(context, {.op = Op::write_inside, .text = "7", .text2 = "/tmp/g"}) == ENOENT);
        return 0;
      }));
}

TEST(Interpret, SymlinkIsMadeAsGiven) {
  EXPECT_EQ(
      0, in_new_root([](Context& context) {
        CHECK_OR(1, do_op(context, {.op = Op::symlink, .text = "a/b", .text2 = "/tmp/link"}) == 0);
        char target[16] = {};
        CHECK_OR(2, ::readlink(inside(context, "/tmp/link").c_str(), target, sizeof target) == 3);
        CHECK_OR(3, std::string{target} == "a/b");
        return 0;
      }));
}

TEST(Interpret, ADestinationCannotLeaveTheRootByASymlink) {
  EXPECT_EQ(0, in_new_root([](Context& context) {
              do_op(context, {.op = Op::symlink, .text = "/../../../../etc", .text2 = "/tmp/out"});
              // The link means the new root's /etc, which is read-only: never the old root's.
              CHECK_OR(1, do_op(context,
                                {.op = Op::make_file, .a = 0600, .text = "/tmp/out/planted"}) != 0);
              CHECK_OR(2, ::access("/etc/planted", F_OK) < 0);
              return 0;
            }));
}

TEST(Interpret, BindPathShowsTheHostsFolderReadOnly) {
  EXPECT_EQ(0, in_new_root([](Context& context) {
              do_op(context, {.op = Op::mkdir, .a = 0755, .text = "/tmp/etc"});
              CHECK_OR(1, do_op(context, {.op = Op::bind_path,
                                          .flags = MOUNT_ATTR_RDONLY,
                                          .text = "/etc",
                                          .text2 = "/tmp/etc"}) == 0);
              CHECK_OR(2, ::access(inside(context, "/tmp/etc/passwd").c_str(), R_OK) == 0);
              CHECK_OR(3, ::access(inside(context, "/tmp/etc/passwd").c_str(), W_OK) < 0);
              return 0;
            }));
}

TEST(Interpret, BindPathRefusesASourceThatWasExchanged) {
  EXPECT_EQ(0, in_new_root([](Context& context) {
              struct stat st;
              CHECK_OR(1, ::stat("/etc", &st) == 0);
              do_op(context, {.op = Op::mkdir, .a = 0755, .text = "/tmp/etc"});
              Instr instr{.op = Op::bind_path,
                          .text = "/etc",
                          .text2 = "/tmp/etc",
                          .device = st.st_dev,
                          .inode = st.st_ino};
              CHECK_OR(2, do_op(context, instr) == 0);
              instr.inode = st.st_ino + 1;
              CHECK_OR(3, do_op(context, instr) == ESTALE);
              return 0;
            }));
}

TEST(Interpret, BindInsideShowsAFolderTwice) {
  EXPECT_EQ(0, in_new_root([](Context& context) {
              do_op(context, {.op = Op::mkdir, .a = 0755, .text = "/tmp/a"});
              do_op(context, {.op = Op::make_file, .a = 0644, .text = "/tmp/a/f", .text2 = "x"});
              CHECK_OR(1, do_op(context,
                                {.op = Op::bind_inside, .text = "/tmp/a", .text2 = "/mnt"}) == 0);
              CHECK_OR(2, read_file(inside(context, "/mnt/f")) == "x");
              return 0;
            }));
}

TEST(Interpret, DevptsAndSysfsAreFresh) {
  EXPECT_EQ(
      0, in_new_root([](Context& context) {
        CHECK_OR(1, do_op(context, {.op = Op::devpts,
                                    .text = "/dev/pts",
                                    .text2 = "newinstance,ptmxmode=0666,mode=0620"}) == 0);
        CHECK_OR(2, ::access(inside(context, "/dev/pts/ptmx").c_str(), R_OK | W_OK) == 0);
        CHECK_OR(
            3, do_op(context, {.op = Op::sysfs, .flags = MOUNT_ATTR_RDONLY, .text = "/sys"}) == 0);
        CHECK_OR(4, ::access(inside(context, "/sys/class/net/lo").c_str(), F_OK) == 0);
        return 0;
      }));
}

TEST(Interpret, PivotLeavesNothingOfTheOldRoot) {
  EXPECT_EQ(0, in_new_root([](Context& context) {
              do_op(context, {.op = Op::make_file, .a = 0644, .text = "/tmp/mark", .text2 = "new"});
              CHECK_OR(1, do_op(context, {.op = Op::pivot}) == 0);
              CHECK_OR(2, read_file("/tmp/mark") == "new");
              char cwd[64];
              CHECK_OR(3, ::getcwd(cwd, sizeof cwd) && std::string{cwd} == "/");
              const std::string mounts = read_file("/proc/self/mountinfo").value_or("");
              int roots = 0;
              for (const auto line : split(mounts, '\n')) roots += split(line, ' ')[4] == "/";
              CHECK_OR(4, roots == 1);
              return 0;
            }));
}

TEST(Interpret, LoopbackComesUp) {
  EXPECT_EQ(0, in_child([] {
              CHECK_OR(1, map_own_ids());
              Context context{};
              CHECK_OR(2, interpret(context, {.op = Op::loopback_up}) == 0);
              const std::string flags = read_file("/proc/net/dev").value_or("");
              CHECK_OR(3, flags.find("lo:") != std::string::npos);
              const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
              CHECK_OR(4, fd >= 0);
              return 0;
            }));
}

TEST(Interpret, WriteMapGivesTheIdInside) {
  EXPECT_EQ(0, in_child([] {
              const std::string map = "4711 " + std::to_string(::geteuid()) + " 1";
              CHECK_OR(1, ::unshare(CLONE_NEWUSER) == 0);
              Context context{};
              CHECK_OR(2, interpret(context, {.op = Op::write_map,
                                              .text = map.c_str(),
                                              .text2 = "/proc/self/uid_map"}) == 0);
              CHECK_OR(3, ::getuid() == 4711);
              return 0;
            }));
}

TEST(Interpret, BecomeChangesEveryId) {
  EXPECT_EQ(0, in_child([] {
              CHECK_OR(1, map_own_ids());
              Context context{};
              const uid_t uid = ::geteuid();
              const gid_t gid = ::getegid();
              CHECK_OR(2, interpret(context, {.op = Op::become, .a = uid, .b = gid}) == 0);
              CHECK_OR(3, interpret(context, {.op = Op::become, .a = uid + 1, .b = gid}) == EINVAL);
              return 0;
            }));
}

TEST(Interpret, NonDumpableHidesTheProcess) {
  EXPECT_EQ(0, in_child([] {
              Context context{};
              CHECK_OR(1, interpret(context, {.op = Op::non_dumpable}) == 0);
              CHECK_OR(2, ::prctl(PR_GET_DUMPABLE) == 0);
              return 0;
            }));
}

TEST(Interpret, ParentDeathAndSubreaperAreSet) {
  EXPECT_EQ(0, in_child([] {
              Context context{};
              int value = 0;
              CHECK_OR(1, interpret(context, {.op = Op::parent_death, .a = SIGKILL}) == 0);
              CHECK_OR(2, ::prctl(PR_GET_PDEATHSIG, &value) == 0 && value == SIGKILL);
              CHECK_OR(3, interpret(context, {.op = Op::subreaper}) == 0);
              CHECK_OR(4, ::prctl(PR_GET_CHILD_SUBREAPER, &value) == 0 && value == 1);
              return 0;
            }));
}

TEST(Interpret, UmaskIsSet) {
  EXPECT_EQ(0, in_child([] {
              Context context{};
              CHECK_OR(1, interpret(context, {.op = Op::umask, .a = 027}) == 0);
              CHECK_OR(2, ::umask(0) == 027);
              return 0;
            }));
}

TEST(Interpret, NewSessionLeadsASession) {
  EXPECT_EQ(0, in_child([] {
              Context context{};
              CHECK_OR(1, interpret(context, {.op = Op::new_session}) == 0);
              CHECK_OR(2, ::getsid(0) == ::getpid());
              return 0;
            }));
}

TEST(Interpret, RlimitIsNeverRaised) {
  EXPECT_EQ(
      0, in_child([] {
        Context context{};
        CHECK_OR(1, interpret(context, {.op = Op::rlimit, .a = RLIMIT_NOFILE, .value = 100}) == 0);
        CHECK_OR(2, interpret(context, {.op = Op::rlimit, .a = RLIMIT_NOFILE, .value = 200}) == 0);
        rlimit limit{};
        CHECK_OR(3, ::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max == 100 &&
                        limit.rlim_cur == 100);
        return 0;
      }));
}

TEST(Interpret, AffinityIsTheMask) {
  EXPECT_EQ(0, in_child([] {
              Context context{};
              cpu_set_t allowed;
              CHECK_OR(1, ::sched_getaffinity(0, sizeof allowed, &allowed) == 0);
              int first = 0;
              while (!CPU_ISSET(first, &allowed)) ++first;
              std::string mask(sizeof(cpu_set_t), '\0');
              mask[static_cast<std::size_t>(first) / 8] = static_cast<char>(1 << (first % 8));
              CHECK_OR(2, interpret(context, {.op = Op::affinity,
                                              .a = static_cast<std::int64_t>(mask.size()),
                                              .text = mask.data()}) == 0);
              CHECK_OR(3, ::sched_getaffinity(0, sizeof allowed, &allowed) == 0 &&
                              CPU_COUNT(&allowed) == 1);
              return 0;
            }));
}

TEST(Interpret, CapabilitiesCannotComeBack) {
  EXPECT_EQ(
      0, in_child([] {
        CHECK_OR(1, map_own_ids());
        Context context{};
        CHECK_OR(2, interpret(context, {.op = Op::no_new_privs}) == 0);
        CHECK_OR(3, interpret(context, {.op = Op::drop_bounding}) == 0);
        CHECK_OR(4, interpret(context, {.op = Op::drop_capabilities}) == 0);
        const std::string status = read_file("/proc/self/status").value_or("");
        for (const char* set : {"CapInh:\t", "CapPrm:\t", "CapEff:\t", "CapBnd:\t", "CapAmb:\t"}) {
          CHECK_OR(5, status.find(std::string{set} + "0000000000000000") != std::string::npos);
        }
        CHECK_OR(6, status.find("NoNewPrivs:\t1") != std::string::npos);
        return 0;
      }));
}

TEST(Interpret, ChdirNeedsAPathInside) {
  EXPECT_EQ(0, in_child([] {
              Context context{};
              CHECK_OR(1, interpret(context, {.op = Op::chdir, .text = "/usr"}) == 0);
              CHECK_OR(2,
                       interpret(context, {.op = Op::chdir, .text = "/no/such/folder"}) == ENOENT);
              return 0;
            }));
}

TEST(Interpret, OnlyKeptDescriptorsSurviveExecve) {
  EXPECT_EQ(0, in_child([] {
              Context context{};
              const int kept = ::fcntl(0, F_DUPFD, 50);
              const int dropped = ::fcntl(0, F_DUPFD, 60);
              CHECK_OR(1, interpret(context, {.op = Op::cloexec_from, .a = 3}) == 0);
              CHECK_OR(2, interpret(context, {.op = Op::keep_fd, .a = kept, .b = kept}) == 0);
              CHECK_OR(3, ::fcntl(kept, F_GETFD) == 0 && ::fcntl(dropped, F_GETFD) == FD_CLOEXEC);
              CHECK_OR(4, interpret(context, {.op = Op::keep_fd, .a = 999, .b = 999}) == EBADF);
              CHECK_OR(5, interpret(context, {.op = Op::keep_fd, .a = 70, .b = dropped}) == 0);
              CHECK_OR(6, ::fcntl(70, F_GETFD) == 0);
              return 0;
            }));
}

TEST(Interpret, KeyringIsANewSessions) {
  EXPECT_EQ(0, in_child([] {
              Context context{};
              const long before =
                  ::syscall(SYS_keyctl, 0, -3, 0);  // KEYCTL_GET_KEYRING_ID of the session's
              CHECK_OR(1, interpret(context, {.op = Op::keyring}) == 0);
              CHECK_OR(2, ::syscall(SYS_keyctl, 0, -3, 0) != before);
              return 0;
            }));
}

TEST(Interpret, JoinGroupWritesZero) {
  int fds[2];
  ASSERT_EQ(0, ::pipe(fds));
  Context context{};
  EXPECT_EQ(0, interpret(context, {.op = Op::join_group, .a = fds[1]}));
  char text[4] = {};
  EXPECT_EQ(1, ::read(fds[0], text, sizeof text));
  EXPECT_STREQ("0", text);
  ::close(fds[0]);
  ::close(fds[1]);
}

TEST(Interpret, AwaitMapsTakesOnlyTheParentsWord) {
  int fds[2];
  ASSERT_EQ(0, ::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds));
  Program program;
  program.control_fd = fds[0];
  Context context{&program};
  Message message{};
  message.kind = MessageKind::maps_written;
  ASSERT_EQ(static_cast<ssize_t>(sizeof message), ::send(fds[1], &message, sizeof message, 0));
  EXPECT_EQ(0, interpret(context, {.op = Op::await_maps}));
  ::close(fds[1]);
  EXPECT_EQ(ECONNRESET, interpret(context, {.op = Op::await_maps}));
  ::close(fds[0]);
}

TEST(Interpret, FilterIsLoadedAndItsListenerSent) {
  EXPECT_EQ(0, in_child([] {
              int fds[2];
              CHECK_OR(1, ::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) == 0);
              sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
              sock_fprog code{1, allow};
              TestProgram test;
              test.filter = test.filter_unwatched = &code;
              Program program;
              program.control_fd = fds[0];
              program.test = &test;
              Context context{&program};
              CHECK_OR(2, interpret(context, {.op = Op::no_new_privs}) == 0);
              CHECK_OR(3, interpret(context, {.op = Op::filter, .a = 1}) == 0);
              Message message{};
              // Only looked at: the listener travels with the packet and lives as long as that lies
              // there.
              CHECK_OR(4, ::recv(fds[1], &message, sizeof message, MSG_PEEK) == sizeof message);
              CHECK_OR(5, message.kind == MessageKind::listener);
              // A second listener is refused by the kernel: the filter without one takes its place.
              CHECK_OR(6, interpret(context, {.op = Op::filter, .a = 1}) == 0);
              CHECK_OR(9, ::recv(fds[1], &message, sizeof message, 0) == sizeof message);
              CHECK_OR(7, ::recv(fds[1], &message, sizeof message, MSG_DONTWAIT) < 0);
              CHECK_OR(8, ::prctl(PR_GET_SECCOMP) == SECCOMP_MODE_FILTER);
              return 0;
            }));
}

}  // namespace
}  // namespace sandbox::child
