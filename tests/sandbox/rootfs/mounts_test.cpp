#include "rootfs/mounts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sys/files.h"

namespace sandbox {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<int> visible_ids(const std::string& text) {
  std::vector<int> ids;
  for (const MountPoint& mount : visible_mounts(parse_mountinfo(text))) ids.push_back(mount.id);
  return ids;
}

TEST(Mounts, ReadsTheFields) {
  const auto mounts =
      parse_mountinfo("36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:7 - ext3 /dev/root rw\n");
  ASSERT_THAT(mounts, SizeIs(1));
  EXPECT_EQ(mounts[0].id, 36);
  EXPECT_EQ(mounts[0].parent, 35);
  EXPECT_EQ(mounts[0].device, "98:0");
  EXPECT_EQ(mounts[0].root, "/mnt1");
  EXPECT_EQ(mounts[0].point, "/mnt2");
  EXPECT_EQ(mounts[0].options, "rw,noatime");
  EXPECT_EQ(mounts[0].type, "ext3");
  EXPECT_EQ(mounts[0].super_options, "rw");
}

TEST(Mounts, UndoesOctalEscapes) {
  const auto mounts = parse_mountinfo(
      R"(2 1 0:1 /a\134b /with\040blank\011tab\012line\043hash\04 rw - tmpfs none rw)");
  ASSERT_THAT(mounts, SizeIs(1));
  EXPECT_EQ(mounts[0].root, R"(/a\b)");
  EXPECT_EQ(mounts[0].point, "/with blank\ttab\nline#hash\\04");
}

TEST(Mounts, LeavesOutLinesThatAreNotMounts) {
  EXPECT_THAT(parse_mountinfo("\nnonsense\n1 2 3\na b 0:1 / / rw - ext4 x rw\n1 0 0:1 / / rw -\n"),
              IsEmpty());
}

TEST(Mounts, ReadsThisHost) {
  const auto mounts = visible_mounts(parse_mountinfo(read_file("/proc/self/mountinfo").value()));
  const MountPoint* proc = mount_of(mounts, "/proc/self/status");
  ASSERT_NE(proc, nullptr);
  EXPECT_EQ(proc->type, "proc");
}

TEST(Mounts, AMountOnTheSamePointCovers) {
  EXPECT_THAT(visible_ids("1 0 0:1 / / rw - ext4 a rw\n"
                          "2 1 0:2 / /tmp rw - tmpfs a rw\n"
                          "3 2 0:3 / /tmp rw - tmpfs b rw\n"),
              ElementsAre(1, 3));
}

TEST(Mounts, AMountOnAnAncestorCoversWhatLiesBelow) {
  EXPECT_THAT(visible_ids("1 0 0:1 / / rw - ext4 a rw\n"
                          "2 1 0:2 / /a/b rw - tmpfs a rw\n"
                          "3 2 0:3 / /a/b/c rw - tmpfs a rw\n"
                          "4 1 0:4 / /a rw - tmpfs b rw\n"
                          "5 4 0:5 / /a/d rw - tmpfs b rw\n"),
              ElementsAre(1, 4, 5));
}

TEST(Mounts, AnEarlierLineOnAnAncestorCoversToo) {
  EXPECT_THAT(visible_ids("1 0 0:1 / / rw - ext4 a rw\n"
                          "4 1 0:4 / /a rw - tmpfs moved rw\n"
                          "2 1 0:2 / /a/b rw - tmpfs a rw\n"),
              ElementsAre(1, 4));
}

TEST(Mounts, ANewRootCoversTheOldOneWhole) {
  EXPECT_THAT(visible_ids("1 0 0:1 / / rw - rootfs a rw\n"
                          "2 1 0:2 / /dev rw - devtmpfs a rw\n"
                          "3 1 0:3 / / rw - ext4 b rw\n"
                          "4 3 0:4 / /dev rw - devtmpfs a rw\n"),
              ElementsAre(3, 4));
}

TEST(Mounts, ANeighbourWithALongerNameStaysVisible) {
  EXPECT_THAT(visible_ids("1 0 0:1 / / rw - ext4 a rw\n"
                          "2 1 0:2 / /a rw - tmpfs a rw\n"
                          "3 1 0:3 / /a-b rw - tmpfs a rw\n"
                          "4 2 0:4 / /a/b rw - tmpfs a rw\n"
                          "5 1 0:5 / /a/covered rw - tmpfs a rw\n"),
              ElementsAre(1, 2, 3, 4));
}

// In a chroot the mounts' parent is not listed.
TEST(Mounts, WithoutAListedRootAllTopMountsAreVisible) {
  EXPECT_THAT(visible_ids("5 3 0:1 / /proc rw - proc a rw\n6 3 0:2 / /sys rw - sysfs a rw\n"),
              ElementsAre(5, 6));
}

TEST(Mounts, FindsTheNearestMountOfAPath) {
  const auto mounts = parse_mountinfo(
      "1 0 0:1 / / rw - ext4 a rw\n"
      "2 1 0:2 / /home rw - ext4 a rw\n"
      "3 2 0:3 / /home/u rw - ext4 a rw\n");
  EXPECT_EQ(mount_of(mounts, "/home/u/x")->id, 3);
  EXPECT_EQ(mount_of(mounts, "/home/u")->id, 3);
  EXPECT_EQ(mount_of(mounts, "/home/user")->id, 2);
  EXPECT_EQ(mount_of(mounts, "/etc")->id, 1);
  EXPECT_EQ(mount_of({}, "/etc"), nullptr);
}

}  // namespace
}  // namespace sandbox
