#include "rootfs/hidden.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sandbox/rootfs/tree.h"
#include "sys/files.h"

namespace sandbox {
namespace {

using test::Tree;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(FreshPlaces, HoldTheUsualOnesThatExistHere) {
  const auto places = fresh_places("");
  EXPECT_THAT(places, Contains(real_path("/tmp").value()));
  EXPECT_THAT(places, Contains("/dev/shm"));
  for (const std::string& place : places) {
    EXPECT_TRUE(place == "/dev/shm" || real_path(place) == place) << place;
  }
}

TEST(FreshPlaces, HoldHomeByItsRealPath) {
  // Not below a fresh place: there it would be dropped again.
  EXPECT_THAT(fresh_places("/opt/../opt"), Contains("/opt"));
}

TEST(FreshPlaces, HoldNoneWithinAnother) {
  const Tree tree;
  EXPECT_EQ(fresh_places(tree.folder("home")), fresh_places(""));
}

TEST(FreshPlaces, TakeNoSystemFolderForHome) {
  for (const char* home : {"", "/", "relative", "/no/such/home", "/usr", "/usr/sbin", "/bin",
                           "/var", "/dev", "/etc", "/proc"}) {
    EXPECT_EQ(fresh_places(home), fresh_places("")) << home;
  }
}

class HiddenTest : public ::testing::Test {
 protected:
  HiddenTest() { tree_.folder("home/u"); }

  HiddenPlaces hidden(std::vector<std::string> covered = {}) const {
    return HiddenPlaces{
        {tree_.at("home"), tree_.at("tmp")}, std::move(covered), tree_.at("home/u")};
  }

  Tree tree_;
};

TEST_F(HiddenTest, HidesFreshPlacesButNotCoveredFolders) {
  const HiddenPlaces places = hidden({tree_.at("home/u/p")});
  EXPECT_TRUE(places.hides(tree_.at("home/u/x")));
  EXPECT_TRUE(places.hides(tree_.at("tmp")));
  EXPECT_FALSE(places.hides(tree_.at("home/u/p/x")));
  EXPECT_TRUE(places.hides(tree_.at("home/u/p-2")));
  EXPECT_FALSE(places.hides("/usr/bin"));
}

TEST_F(HiddenTest, RefusesFoldersThatWouldUncoverTooMuch) {
  const HiddenPlaces places = hidden();
  EXPECT_THAT(places.refusal("/"), HasSubstr("root"));
  EXPECT_THAT(places.refusal(tree_.at("home/u")), HasSubstr("is the home folder"));
  EXPECT_THAT(places.refusal(tree_.at("tmp")), HasSubstr("starts empty"));
  EXPECT_THAT(places.refusal(tree_.root()), HasSubstr("holds " + tree_.at("home")));
  EXPECT_NE(places.refusal(tree_.at("home/u/.local")), "");
  EXPECT_NE(places.refusal("/run/user/1000"), "");
  EXPECT_EQ(places.refusal(tree_.at("home/u/p")), "");
  EXPECT_EQ(places.refusal("/opt"), "");
}

TEST_F(HiddenTest, RefusesAnotherUsersHome) {
  tree_.folder("home/other/.ssh");
  tree_.folder("home/app/src");
  EXPECT_EQ(hidden().refusal(tree_.at("home/other")), "is a home folder");
  EXPECT_EQ(hidden().refusal(tree_.at("home/app")), "");
  // Test data may look like a home.
  tree_.folder("home/app/src/.ssh");
  EXPECT_EQ(hidden().refusal(tree_.at("home/app/src")), "");
}

TEST_F(HiddenTest, KnowsPlacesForKeysAnywhere) {
  const HiddenPlaces places = hidden();
  for (const char* path : {"home/u/.ssh/id_rsa", "home/u/.gnupg", "home/u/.aws/credentials",
                           "home/u/.kube", "home/u/.docker/bin", "home/u/.netrc",
                           "home/other/.git-credentials", "home/u/.config/gh/x"}) {
    EXPECT_TRUE(places.lies_in_secret(tree_.at(path))) << path;
  }
  for (const char* path :
       {"home/u/.sshd", "home/u/x.ssh", "home/u/.config/ghostty", "home/u/.config"}) {
    EXPECT_FALSE(places.lies_in_secret(tree_.at(path))) << path;
  }
}

TEST_F(HiddenTest, KnowsMorePlacesForKeysInHome) {
  for (const char* path : {".npmrc", ".cargo/credentials.toml", ".password-store/x"}) {
    EXPECT_TRUE(hidden().lies_in_secret(tree_.at("home/u/") + path)) << path;
    EXPECT_FALSE(hidden().lies_in_secret(tree_.at("tmp/") + path)) << path;
  }
}

TEST_F(HiddenTest, KnowsWhereAHomesSymlinkToKeysLeads) {
  tree_.folder("home/u/dotfiles/ssh");
  tree_.link("home/u/.ssh", "dotfiles/ssh");
  const HiddenPlaces places = hidden();
  EXPECT_TRUE(places.lies_in_secret(tree_.at("home/u/dotfiles/ssh/id_rsa")));
  EXPECT_TRUE(places.holds_secret(tree_.at("home/u/dotfiles")));
}

TEST_F(HiddenTest, AFolderHoldsTheHomesSecretsBelowIt) {
  tree_.file("home/u/.cargo/credentials.toml");
  tree_.folder("home/u/.config/gh");
  EXPECT_TRUE(hidden().holds_secret(tree_.at("home/u/.cargo")));
  EXPECT_TRUE(hidden().holds_secret(tree_.at("home/u/.config")));
  EXPECT_FALSE(hidden().holds_secret(tree_.at("home/u/.local/share")));
}

TEST_F(HiddenTest, AFolderThatLooksLikeAHomeHoldsSecrets) {
  tree_.folder("tmp/backup/u/.gnupg");
  tree_.folder("tmp/config/.aws");
  EXPECT_TRUE(hidden().holds_secret(tree_.at("tmp/backup/u")));
  EXPECT_FALSE(hidden().holds_secret(tree_.at("tmp/config")));
  EXPECT_TRUE(hidden().holds_secret_name(tree_.at("tmp/config")));
}

TEST_F(HiddenTest, WorksWithoutAHome) {
  const HiddenPlaces places{{tree_.at("tmp")}, {}, ""};
  EXPECT_EQ(places.home(), "");
  EXPECT_EQ(places.refusal(tree_.at("tmp/x")), "");
  EXPECT_FALSE(places.holds_secret(tree_.at("tmp/x")));
}

}  // namespace
}  // namespace sandbox
