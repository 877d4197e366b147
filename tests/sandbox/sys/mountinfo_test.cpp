#include "sys/mountinfo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sandbox {
namespace {

using ::testing::ElementsAre;

TEST(Mountinfo, HasOptionalFieldsOfAnyNumberBeforeTheDash) {
  const MountPoint plain{22, 1, "254:0", "/", "/", "rw,relatime", "ext4", "rw"};
  MountPoint shared = plain;
  shared.id = 23;
  EXPECT_THAT(parse_mountinfo("22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
                              "23 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw\n"),
              ElementsAre(plain, shared));
}

TEST(Mountinfo, HasItsEscapesUndone) {
  const auto mounts = parse_mountinfo("30 22 0:5 /x\\040y /mnt/a\\040b rw - tmpfs none rw\n");
  ASSERT_EQ(mounts.size(), 1U);
  EXPECT_EQ(mounts[0].point, "/mnt/a b");
}

TEST(Mountinfo, LosesOneLineNotTheOthersWhereALineIsCut) {
  const auto mounts = parse_mountinfo("30 22 0:5 /\n31 22 0:5 / /mnt rw - tmpfs none rw\n");
  ASSERT_EQ(mounts.size(), 1U);
  EXPECT_EQ(mounts[0].id, 31);
}

}  // namespace
}  // namespace sandbox
