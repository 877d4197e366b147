#include "policy/world.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "sys/unique_fd.h"

namespace sandbox {
namespace {

class HostWorldTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "world_test.XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    before_ = std::filesystem::current_path();
  }
  void TearDown() override {
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(folder_);
  }

  std::filesystem::path folder_;
  std::filesystem::path before_;
  HostWorld world_;
};

TEST_F(HostWorldTest, TellsKindsOfFilesApart) {
  std::ofstream(folder_ / "file") << "text";
  std::filesystem::create_symlink("file", folder_ / "link");
  std::filesystem::create_symlink("nowhere", folder_ / "dangling");
  std::filesystem::create_symlink("loop", folder_ / "loop");
  ASSERT_EQ(::mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(world_.look(folder_).kind, FileKind::directory);
  EXPECT_EQ(world_.look(folder_ / "file").kind, FileKind::file);
  EXPECT_EQ(world_.look(folder_ / "link").kind, FileKind::file);
  EXPECT_EQ(world_.look(folder_ / "dangling").kind, FileKind::dangling_link);
  EXPECT_EQ(world_.look(folder_ / "missing").kind, FileKind::missing);
  EXPECT_EQ(world_.look(folder_ / "file/below").kind, FileKind::missing);
  EXPECT_EQ(world_.look(folder_ / "fifo").kind, FileKind::other);
  EXPECT_EQ(world_.look("/dev/null").kind, FileKind::device);
  EXPECT_EQ(world_.look(folder_ / "loop").error, ELOOP);
  EXPECT_EQ(world_.look(folder_ / "file").owner, ::geteuid());
}

TEST_F(HostWorldTest, ReadsFilesButNotWithoutEnd) {
  std::ofstream(folder_ / "file") << "text";
  EXPECT_EQ(world_.read(folder_ / "file").text, "text");
  EXPECT_EQ(world_.read(folder_ / "missing").error, ENOENT);
  EXPECT_EQ(world_.read(folder_).error, EISDIR);
  EXPECT_EQ(world_.read("/dev/zero").error, EFBIG);
}

TEST_F(HostWorldTest, HasNoCwdOnceThatIsDeleted) {
  const auto gone = folder_ / "gone";
  std::filesystem::create_directory(gone);
  std::filesystem::current_path(gone);
  EXPECT_EQ(world_.cwd(), std::filesystem::current_path());
  std::filesystem::remove(gone);
  EXPECT_EQ(world_.cwd(), "");
}

TEST_F(HostWorldTest, KnowsWhichDescriptorsAreOpen) {
  UniqueFd fd{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  const int number = fd.get();
  EXPECT_TRUE(world_.is_open(number));
  fd.reset();
  EXPECT_FALSE(world_.is_open(number));
}

}  // namespace
}  // namespace sandbox
