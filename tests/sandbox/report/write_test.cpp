// Where reports go, and what is refused before the test starts.
#include "report/write.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "report/json.h"
#include "sandbox/report/samples.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sandbox {
namespace {

namespace fs = std::filesystem;

class ReportTarget : public testing::Test {
 protected:
  ReportTarget() {
    std::string pattern = fs::temp_directory_path() / "report-target-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~ReportTarget() override {
    std::error_code ignored;
    fs::permissions(folder_, fs::perms::owner_all, ignored);
    fs::remove_all(folder_, ignored);
  }

  std::string in_folder(const std::string& name) const { return folder_ + "/" + name; }
  Reporting to(const std::string& name) const { return {.report = in_folder(name)}; }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator{folder_})
      names.push_back(entry.path().filename());
    return names;
  }

  std::string folder_;
  const Report report_ = full_report();
  const std::string text_ = to_json(report_);
};

void put(const std::string& path, const std::string& content) {
  std::ofstream{path} << content;
}

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), 125);
    return error.what();
  }
  return "no error";
}

std::string refusal(const Reporting& reporting) {
  return error_of([&] { const ReportTargets targets{reporting}; });
}

// --- files

TEST_F(ReportTarget, IsNothingWhenNoneIsNamed) {
  ReportTargets targets{Reporting{}};
  targets.write(report_);
}

TEST_F(ReportTarget, CreatesAMissingFileAndNothingElse) {
  ReportTargets targets{to("r.json")};
  EXPECT_TRUE(files().empty());
  targets.write(report_);
  EXPECT_EQ(read_file(in_folder("r.json")), text_);
  EXPECT_EQ(files(), std::vector<std::string>{"r.json"});
}

TEST_F(ReportTarget, GivesANewFileTheModeThatTheUmaskLeaves) {
  const mode_t before = ::umask(0027);
  write_report(report_, to("r.json"));
  (void)::umask(before);
  EXPECT_EQ(fs::status(in_folder("r.json")).permissions(), fs::perms{0640});
}

TEST_F(ReportTarget, ReplacesWhatCameAfterItWasLookedUp) {
  put(in_folder("other"), "other");
  ReportTargets targets{to("r.json")};
  fs::create_symlink("other", in_folder("r.json"));
  targets.write(report_);
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(in_folder("r.json"))));
  EXPECT_EQ(read_file(in_folder("r.json")), text_);
  EXPECT_EQ(read_file(in_folder("other")), "other");
  EXPECT_EQ(files().size(), 2U);
}

TEST_F(ReportTarget, StaysInTheFolderThatWasLookedUp) {
  fs::create_directory(in_folder("a"));
  ReportTargets targets{to("a/r.json")};
  fs::rename(in_folder("a"), in_folder("moved"));
  fs::create_directory(in_folder("a"));
  targets.write(report_);
  EXPECT_EQ(read_file(in_folder("moved/r.json")), text_);
  EXPECT_TRUE(fs::is_empty(in_folder("a")));
}

// As where the file system knows no unnamed files: the first report has used up the one there was.
TEST_F(ReportTarget, WritesByANamedFileWhereThereIsNoUnnamedOne) {
  ReportTargets targets{to("r.json")};
  targets.write(report_);
  ASSERT_TRUE(fs::remove(in_folder("r.json")));
  targets.write(report_);
  EXPECT_EQ(read_file(in_folder("r.json")), text_);
  EXPECT_EQ(files(), std::vector<std::string>{"r.json"});
}

TEST_F(ReportTarget, LeavesNothingWhereADirectoryCameInTheWay) {
  ReportTargets targets{to("r.json")};
  fs::create_directory(in_folder("r.json"));
  EXPECT_EQ(error_of([&] { targets.write(report_); }),
            "cannot write --report " + in_folder("r.json") + ": EISDIR");
  EXPECT_EQ(files(), std::vector<std::string>{"r.json"});
}

TEST_F(ReportTarget, ReplacesAFileInOneStep) {
  put(in_folder("r.json"), "before");
  const UniqueFd reader{::open(in_folder("r.json").c_str(), O_RDONLY | O_CLOEXEC)};
  write_report(report_, to("r.json"));
  EXPECT_EQ(read_file(in_folder("r.json")), text_);
  // Who has the earlier file open still reads all of it.
  EXPECT_EQ(read_file("/proc/self/fd/" + std::to_string(reader.get())), "before");
}

TEST_F(ReportTarget, KeepsTheModeOfAFileThatItReplaces) {
  put(in_folder("r.json"), "before");
  ASSERT_EQ(::chmod(in_folder("r.json").c_str(), 0640), 0);
  write_report(report_, to("r.json"));
  EXPECT_EQ(fs::status(in_folder("r.json")).permissions(), fs::perms{0640});
}

TEST_F(ReportTarget, FollowsASymlinkToAFile) {
  fs::create_directory(in_folder("deep"));
  put(in_folder("deep/r.json"), "before");
  fs::create_symlink("deep/hop", in_folder("link"));
  fs::create_symlink("r.json", in_folder("deep/hop"));
  write_report(report_, to("link"));
  EXPECT_TRUE(fs::is_symlink(in_folder("link")));
  EXPECT_EQ(read_file(in_folder("deep/r.json")), text_);
}

TEST_F(ReportTarget, CreatesWhatADanglingSymlinkPointsTo) {
  fs::create_symlink(in_folder("r.json"), in_folder("link"));
  ReportTargets targets{to("link")};
  targets.write(report_);
  EXPECT_TRUE(fs::is_symlink(in_folder("link")));
  EXPECT_EQ(read_file(in_folder("r.json")), text_);
}

TEST_F(ReportTarget, RefusesASymlinkLoop) {
  fs::create_symlink("b", in_folder("a"));
  fs::create_symlink("a", in_folder("b"));
  EXPECT_EQ(refusal(to("a")), "cannot write --report " + in_folder("a") + ": ELOOP");
}

TEST_F(ReportTarget, RefusesAMissingFolderAndADirectory) {
  EXPECT_EQ(refusal(to("none/r.json")),
            "cannot write --report " + in_folder("none/r.json") + ": ENOENT");
  EXPECT_EQ(refusal({.report = folder_}), "cannot write --report " + folder_ + ": EISDIR");
  put(in_folder("file"), "");
  EXPECT_EQ(refusal(to("file/r.json")),
            "cannot write --report " + in_folder("file/r.json") + ": ENOTDIR");
}

TEST_F(ReportTarget, RefusesAPlaceThatTakesNoFilesEvenFromRoot) {
  EXPECT_NE(refusal({.report = "/proc/r.json"}), "no error");
  EXPECT_NE(refusal({.report_dir = "/proc/reports"}), "no error");
}

// Root may do everything: as root, another id without a right to anything but the folder.
class AsOrdinaryUser {
 public:
  explicit AsOrdinaryUser(const std::string& folder) : was_root_(::geteuid() == 0) {
    constexpr uid_t kNobody = 65534;
    if (!was_root_) return;
    EXPECT_EQ(::chown(folder.c_str(), kNobody, kNobody), 0);
    EXPECT_EQ(::seteuid(kNobody), 0);
  }
  AsOrdinaryUser(const AsOrdinaryUser&) = delete;
  AsOrdinaryUser& operator=(const AsOrdinaryUser&) = delete;
  ~AsOrdinaryUser() { EXPECT_TRUE(!was_root_ || ::seteuid(0) == 0); }

 private:
  bool was_root_;
};

TEST_F(ReportTarget, RefusesAReadOnlyFileOrFolder) {
  const AsOrdinaryUser user{folder_};
  put(in_folder("r.json"), "before");
  fs::permissions(in_folder("r.json"), fs::perms::owner_read);
  EXPECT_EQ(refusal(to("r.json")), "cannot write --report " + in_folder("r.json") + ": EACCES");
  fs::permissions(folder_, fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_EQ(refusal(to("new.json")), "cannot write --report " + in_folder("new.json") + ": EACCES");
  EXPECT_EQ(refusal({.report_dir = in_folder("new")}),
            "cannot write --report-dir " + in_folder("new") + ": EACCES");
}

TEST_F(ReportTarget, WritesAFileInPlaceWhoseFolderTakesNoNewOne) {
  const AsOrdinaryUser user{folder_};
  put(in_folder("r.json"), std::string(2 * text_.size(), 'b'));
  fs::permissions(folder_, fs::perms::owner_read | fs::perms::owner_exec);
  ReportTargets targets{to("r.json")};
  targets.write(report_);
  EXPECT_EQ(read_file(in_folder("r.json")), text_);
}

TEST_F(ReportTarget, RefusesASocket) {
  const UniqueFd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (void)in_folder("s").copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(refusal(to("s")), "cannot write --report " + in_folder("s") + ": EINVAL");
}

TEST_F(ReportTarget, LeavesNothingHalfWrittenOnAFullDisk) {
  const std::string before(8192, 'b');
  put(in_folder("r.json"), before);
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
  const rlimit small{100, limit.rlim_max};
  (void)std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string error = error_of([&] { write_report(report_, to("r.json")); });
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  EXPECT_EQ(error, "cannot write --report " + in_folder("r.json") + ": EFBIG");
  EXPECT_EQ(read_file(in_folder("r.json")), before);
  EXPECT_EQ(files(), std::vector<std::string>{"r.json"});
}

// --- devices, pipes, descriptors

TEST_F(ReportTarget, WritesOntoADeviceAndLeavesItOne) {
  ReportTargets targets{{.report = "/dev/null"}};
  targets.write(report_);
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST_F(ReportTarget, NamesWhatAFullDeviceSays) {
  EXPECT_EQ(error_of([&] { write_report(report_, {.report = "/dev/full"}); }),
            "cannot write --report /dev/full: ENOSPC");
}

TEST_F(ReportTarget, NeverWaitsForAPipesReader) {
  ASSERT_EQ(::mkfifo(in_folder("pipe").c_str(), 0600), 0);
  ReportTargets targets{to("pipe")};
  EXPECT_EQ(error_of([&] { targets.write(report_); }),
            "cannot write --report " + in_folder("pipe") + ": ENXIO");
}

TEST_F(ReportTarget, FeedsAPipeThatIsReadMoreThanItHolds) {
  ASSERT_EQ(::mkfifo(in_folder("pipe").c_str(), 0600), 0);
  const UniqueFd opened{::open(in_folder("pipe").c_str(), O_RDWR | O_CLOEXEC)};
  Report big = report_;
  big.warnings.assign(1, std::string(300000, 'w'));
  const std::string expected = to_json(big);
  std::string seen;
  std::thread reader{[&] {
    char buffer[4096];
    while (seen.size() < expected.size()) {
      const ssize_t size = ::read(opened.get(), buffer, sizeof buffer);
      if (size <= 0) break;
      seen.append(buffer, static_cast<std::size_t>(size));
    }
  }};
  write_report(big, to("pipe"));
  reader.join();
  EXPECT_EQ(seen, expected);
}

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

Pipe make_pipe() {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  return {UniqueFd{ends[0]}, UniqueFd{ends[1]}};
}

TEST_F(ReportTarget, WritesToADescriptor) {
  const UniqueFd fd{::memfd_create("report", MFD_CLOEXEC)};
  const std::string number = std::to_string(fd.get());
  for (const std::string& name : {"fd:" + number, "/dev/fd/" + number, "/proc/self/fd/" + number}) {
    ASSERT_EQ(::ftruncate(fd.get(), 0), 0);
    ASSERT_EQ(::lseek(fd.get(), 0, SEEK_SET), 0);
    ReportTargets{{.report = name}}.write(report_);
    EXPECT_EQ(read_file("/proc/self/fd/" + number), text_) << name;
  }
}

TEST_F(ReportTarget, WritesToAPipeThatAnotherProcessHoldsOpen) {
  const Pipe pipe = make_pipe();
  const std::string name =
      "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(pipe.write_end.get());
  ReportTargets targets{{.report = name}};
  targets.write(report_);
  std::string seen(text_.size(), '\0');
  ASSERT_EQ(::read(pipe.read_end.get(), seen.data(), seen.size()),
            static_cast<ssize_t>(seen.size()));
  EXPECT_EQ(seen, text_);
}

TEST_F(ReportTarget, ContinuesAFileThatADescriptorHoldsOpen) {
  const UniqueFd fd{::open(in_folder("log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
  ASSERT_TRUE(write_all(fd.get(), "the test's own words\n"));
  fs::create_symlink("/proc/self/fd/" + std::to_string(fd.get()), in_folder("stdout"));
  write_report(report_, to("stdout"));
  EXPECT_EQ(read_file(in_folder("log")), "the test's own words\n" + text_);
}

TEST_F(ReportTarget, RefusesADescriptorThatCannotTakeIt) {
  EXPECT_EQ(refusal({.report = "fd:1000"}), "cannot write --report fd:1000: EBADF");
  EXPECT_EQ(refusal({.report = "fd:x"}), "cannot write --report fd:x");
  EXPECT_EQ(refusal({.report = "fd:-1"}), "cannot write --report fd:-1");
  EXPECT_EQ(refusal({.report = "fd:"}), "cannot write --report fd:");
  const Pipe pipe = make_pipe();
  const std::string name = "fd:" + std::to_string(pipe.read_end.get());
  EXPECT_EQ(refusal({.report = name}), "cannot write --report " + name + ": EBADF");
}

TEST_F(ReportTarget, SurvivesAReaderThatHasGone) {
  (void)std::signal(SIGPIPE, SIG_DFL);
  Pipe pipe = make_pipe();
  pipe.read_end.reset();
  EXPECT_EQ(write_text(pipe.write_end.get(), "text"), EPIPE);
  sigset_t pending;
  ASSERT_EQ(::sigpending(&pending), 0);
  EXPECT_EQ(::sigismember(&pending, SIGPIPE), 0);
}

TEST_F(ReportTarget, WaitsForASlowReaderOfANonBlockingPipe) {
  Pipe pipe = make_pipe();
  // A pipe of one page is full most of the time.
  ASSERT_GT(::fcntl(pipe.write_end.get(), F_SETPIPE_SZ, 4096), 0);
  ASSERT_EQ(::fcntl(pipe.write_end.get(), F_SETFL, O_NONBLOCK), 0);
  const std::string text(200000, 'x');
  std::size_t seen = 0;
  std::thread reader{[&] {
    char buffer[512];
    while (seen < text.size()) {
      const ssize_t size = ::read(pipe.read_end.get(), buffer, sizeof buffer);
      if (size <= 0) break;
      seen += static_cast<std::size_t>(size);
    }
  }};
  EXPECT_EQ(write_text(pipe.write_end.get(), text), 0);
  pipe.write_end.reset();
  reader.join();
  EXPECT_EQ(seen, text.size());
}

// --- folders

TEST_F(ReportTarget, MakesAReportFolderAndNothingInItBeforeItWrites) {
  const Reporting reporting{.report_dir = in_folder("a/b/c")};
  ReportTargets targets{reporting};
  EXPECT_TRUE(fs::is_empty(in_folder("a/b/c")));
  targets.write(report_);
  EXPECT_EQ(read_file(in_folder("a/b/c/t-0f3a.json")), text_);
  write_report(report_, reporting);
}

TEST_F(ReportTarget, RefusesAReportFolderThatCannotBe) {
  put(in_folder("file"), "");
  EXPECT_EQ(refusal({.report_dir = in_folder("file")}),
            "cannot write --report-dir " + in_folder("file") + ": ENOTDIR");
  EXPECT_EQ(refusal({.report_dir = in_folder("file/sub")}),
            "cannot write --report-dir " + in_folder("file/sub") + ": ENOTDIR");
}

TEST_F(ReportTarget, WritesBothAndNamesTheOneThatFailed) {
  const Reporting reporting{.report = "/dev/full", .report_dir = in_folder("reports")};
  EXPECT_EQ(error_of([&] { write_report(report_, reporting); }),
            "cannot write --report /dev/full: ENOSPC");
  EXPECT_EQ(read_file(in_folder("reports/t-0f3a.json")), text_);
}

TEST_F(ReportTarget, NamesTheFirstOfTwoThatFailed) {
  const Reporting reporting{.report = "/dev/full", .report_dir = "/dev/null"};
  EXPECT_EQ(error_of([&] { write_report(report_, reporting); }),
            "cannot write --report /dev/full: ENOSPC");
}

TEST(ReportFileName, HoldsNothingThatAFileNameMayNot) {
  EXPECT_EQ(report_file_name("Cache.Big", "0f3a"), "Cache.Big-0f3a.json");
  EXPECT_EQ(report_file_name("../etc/a b\n\xff", "0/f"), "_._etc_a_b__-0_f.json");
  EXPECT_EQ(report_file_name("", "0f3a"), "test-0f3a.json");
  EXPECT_LE(report_file_name(std::string(5000, 'n'), std::string(5000, 'r')).size(), 255U);
}

}  // namespace
}  // namespace sandbox
