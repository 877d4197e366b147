#include "policy/mount_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sandbox/policy/fake_world.h"

namespace sandbox {
namespace {

using testing::HasSubstr;

class MountWords : public testing::Test {
 protected:
  Place place() { return {world_, world_.directory, "--bind "}; }
  std::optional<Mount> bind(const std::string& value, MountKind kind = MountKind::bind) {
    return bind_mount(kind, value, place());
  }
  std::string bind_refusal(const std::string& value, MountKind kind = MountKind::bind) {
    return refusal([&] { bind(value, kind); });
  }

  FakeWorld world_;
};

TEST_F(MountWords, ASourceAloneIsShownAtItsOwnPlace) {
  const auto mount = bind("data");
  EXPECT_EQ(mount->source, "/home/u/proj/data");
  EXPECT_EQ(mount->destination, "/home/u/proj/data");
  EXPECT_EQ(mount->words, "--bind data");
  EXPECT_EQ(mount->kind, MountKind::bind);
}

TEST_F(MountWords, TheDestinationFollowsTheColon) {
  EXPECT_EQ(bind("data:/tmp/d")->source, "/home/u/proj/data");
  EXPECT_EQ(bind("data:/tmp/d")->destination, "/tmp/d");
  EXPECT_EQ(bind("data:d")->destination, "/home/u/proj/d");
  EXPECT_EQ(bind("/usr/:/opt/./x/")->destination, "/opt/x");
}

TEST_F(MountWords, ASourceAboveIsTakenAfterSymlinks) {
  world_.real_paths["/home/u/proj/../"] = "/data/u";
  world_.files["/data/u/x"] = {FileKind::file, 0, 0};
  EXPECT_EQ(bind("../x")->source, "/data/u/x");
  EXPECT_EQ(bind("../x")->destination, "/data/u/x");
}

TEST_F(MountWords, DockersAccessWordsAreExplained) {
  EXPECT_EQ(bind_refusal("data:/d:ro"),
            "data:/d:ro: the option itself says whether it is read-only or writable\n"
            "hint: write --ro-bind data:/d");
  EXPECT_THAT(bind_refusal("data:/d:rw", MountKind::ro_bind), HasSubstr("write --bind data:/d"));
  EXPECT_THAT(bind_refusal("data:ro"), HasSubstr("write --ro-bind data"));
}

TEST_F(MountWords, RefusesWordsThatAreNoMount) {
  EXPECT_EQ(bind_refusal(""), "\"\": an empty path");
  EXPECT_THAT(bind_refusal(":/x"), HasSubstr("one side of the ':'"));
  EXPECT_THAT(bind_refusal("data:"), HasSubstr("one side of the ':'"));
  EXPECT_THAT(bind_refusal("a:b:c"), HasSubstr("more than one ':'"));
  EXPECT_EQ(bind_refusal("data:/"), "data:/: it would replace the whole root");
  EXPECT_EQ(bind_refusal("data:/x/.."), "data:/x/..: it would replace the whole root");
}

TEST_F(MountWords, AMissingSourceIsNamedAsWritten) {
  EXPECT_EQ(bind_refusal("nowhere"), "nowhere: it does not exist");
  EXPECT_EQ(bind_refusal("nowhere:/x"), "nowhere:/x: nowhere does not exist");
  EXPECT_EQ(bind_refusal("~/x"),
            "~/x: it does not exist\n"
            "hint: the shell expands ~ only at the start of a word: write $HOME/x");
  EXPECT_THAT(bind_refusal("data:~/x"), HasSubstr("write $HOME/x"));
}

TEST_F(MountWords, ADanglingOrHiddenSourceIsNamed) {
  world_.files["/home/u/proj/link"] = {FileKind::dangling_link, ENOENT, 0};
  world_.files["/home/u/proj/hidden"] = {FileKind::unreachable, EACCES, 0};
  EXPECT_EQ(bind_refusal("link"), "link: it is a symlink to something that does not exist");
  EXPECT_EQ(bind_refusal("hidden:/x"), "hidden:/x: hidden cannot be looked at: EACCES");
}

TEST_F(MountWords, TryingSkipsWhatIsMissingOnly) {
  world_.files["/home/u/proj/link"] = {FileKind::dangling_link, ENOENT, 0};
  world_.files["/home/u/proj/hidden"] = {FileKind::unreachable, EACCES, 0};
  EXPECT_FALSE(bind("nowhere", MountKind::ro_bind_try));
  EXPECT_FALSE(bind("link", MountKind::ro_bind_try));
  EXPECT_TRUE(bind("data", MountKind::ro_bind_try));
  EXPECT_THAT(bind_refusal("hidden", MountKind::ro_bind_try), HasSubstr("EACCES"));
  EXPECT_THAT(bind_refusal("nowhere:/", MountKind::ro_bind_try), HasSubstr("")) << "never a crash";
}

TEST_F(MountWords, TmpfsTakesASize) {
  const Mount mount = tmpfs_mount("/scratch:64M", place());
  EXPECT_EQ(mount.destination, "/scratch");
  EXPECT_EQ(mount.size, Bytes{64u << 20});
  EXPECT_EQ(mount.source, "");
  EXPECT_EQ(tmpfs_mount("cache", place()).destination, "/home/u/proj/cache");
  EXPECT_EQ(tmpfs_mount("cache", place()).size, std::nullopt);
}

TEST_F(MountWords, TmpfsRefusesNonsense) {
  const auto tmpfs = [&](const char* value) {
    return refusal([&] { tmpfs_mount(value, place()); });
  };
  EXPECT_THAT(tmpfs("/x:12Q"), HasSubstr("/x:12Q: 12Q: not a size: unknown unit Q"));
  EXPECT_THAT(tmpfs("/x:"), HasSubstr("an empty word is not a size"));
  EXPECT_THAT(tmpfs("/x:64"), HasSubstr("did you mean 64M?"));
  EXPECT_THAT(tmpfs(":64M"), HasSubstr("an empty path"));
  EXPECT_THAT(tmpfs(""), HasSubstr("an empty path"));
  EXPECT_THAT(tmpfs("/"), HasSubstr("replace the whole root"));
}

TEST_F(MountWords, DevicesMustBeDevices) {
  EXPECT_EQ(device_mount("/dev/fuse", place()).source, "/dev/fuse");
  EXPECT_EQ(device_mount("/dev/fuse", place()).destination, "/dev/fuse");
  world_.files["/x"] = {FileKind::file, 0, 0};
  EXPECT_EQ(refusal([&] { device_mount("/x", place()); }),
            "/x: not a device\nhint: a file or folder is shown by --ro-bind or --bind");
  EXPECT_EQ(refusal([&] { device_mount("/dev/kvm", place()); }), "/dev/kvm: it does not exist");
}

}  // namespace
}  // namespace sandbox
