#include "rootfs/project.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sandbox/rootfs/tree.h"
#include "sys/error.h"

namespace sandbox {
namespace {

using test::Tree;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// All trees lie below /tmp, a fresh place, with a home of their own.
class ProjectTest : public ::testing::Test {
 protected:
  ProjectTest() : home_(tree_.folder("home/u")) {}

  ProjectView discover(const std::string& cwd, const std::string& program = "") const {
    return discover_project({}, cwd, program, home_, fresh_places(home_));
  }

  std::vector<std::string> folders(const std::string& cwd, const std::string& program = "") const {
    std::vector<std::string> paths;
    for (const ProjectFolder& folder : discover(cwd, program).folders) paths.push_back(folder.path);
    return paths;
  }

  void build_tree(const std::string& folder, const std::string& source) const {
    tree_.file(folder + "/CMakeCache.txt",
               "# a cache\nCMAKE_BUILD_TYPE:STRING=Debug\nCMAKE_CACHEFILE_DIR:INTERNAL=" +
                   tree_.at(folder) + "\nCMAKE_HOME_DIRECTORY:INTERNAL=" + source +
                   "\nX:INTERNAL=\n");
  }

  Error error_at(const std::string& cwd, const Project& choice = {}) const {
    try {
      static_cast<void>(discover_project(choice, cwd, "", home_, fresh_places(home_)));
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "no error at " << cwd;
    return Error{""};
  }

  Tree tree_;
  std::string home_;
};

TEST_F(ProjectTest, IsTheGitWorkTreeAboveCwd) {
  tree_.file("home/u/p/.git/HEAD");
  const ProjectView view = discover(tree_.folder("home/u/p/src/deep"));
  ASSERT_EQ(view.folders.size(), 1U);
  EXPECT_EQ(view.folders[0].path, tree_.at("home/u/p"));
  EXPECT_EQ(view.folders[0].why, "git work tree");
}

TEST_F(ProjectTest, IsTheOutermostWorkTreeOfASubmodule) {
  tree_.file("p/.git/HEAD");
  tree_.file("p/.git/modules/sub/HEAD");
  tree_.file("p/sub/.git", "gitdir: ../.git/modules/sub\n");
  EXPECT_THAT(folders(tree_.at("p/sub")), ElementsAre(tree_.at("p")));
}

TEST_F(ProjectTest, TakesAWorktreesCommonFolderToo) {
  tree_.file("main/.git/HEAD");
  tree_.file("main/.git/worktrees/wt/commondir", "../..\n");
  tree_.file("wt/.git", "gitdir: " + tree_.at("main/.git/worktrees/wt") + "\n");
  EXPECT_THAT(folders(tree_.at("wt")), UnorderedElementsAre(tree_.at("wt"), tree_.at("main/.git")));
}

TEST_F(ProjectTest, IsBuildAndSourceFolderOfABuildOutsideTheSource) {
  tree_.folder("home/u/src");
  build_tree("build", tree_.at("home/u/src"));
  const std::string program = tree_.program("build/test/t", "");
  EXPECT_THAT(folders(tree_.folder("build/test"), program),
              UnorderedElementsAre(tree_.at("build"), tree_.at("home/u/src")));
}

TEST_F(ProjectTest, IsFoundFromTheProgramWhenCwdIsElsewhere) {
  tree_.folder("src");
  build_tree("build", tree_.at("src"));
  EXPECT_THAT(folders("/", tree_.program("build/t", "")),
              UnorderedElementsAre(tree_.at("build"), tree_.at("src")));
}

TEST_F(ProjectTest, NamesNoFolderWithinAnother) {
  tree_.file("p/.git/HEAD");
  build_tree("p/build", tree_.at("p"));
  const ProjectView view = discover(tree_.at("p/build"), tree_.program("p/build/t", ""));
  ASSERT_EQ(view.folders.size(), 1U);
  EXPECT_EQ(view.folders[0].path, tree_.at("p"));
}

TEST_F(ProjectTest, IsCwdOfATarballWithoutGit) {
  const ProjectView view = discover(tree_.folder("home/u/tarball-1.0"));
  ASSERT_EQ(view.folders.size(), 1U);
  EXPECT_EQ(view.folders[0].path, tree_.at("home/u/tarball-1.0"));
  EXPECT_EQ(view.folders[0].why, "cwd");
}

TEST_F(ProjectTest, TakesAHiddenCwdBesidesABuildTreeElsewhere) {
  build_tree("build", tree_.folder("src"));
  EXPECT_THAT(folders(tree_.folder("data"), tree_.program("build/t", "")),
              Contains(tree_.at("data")));
}

TEST_F(ProjectTest, CwdIsResolved) {
  tree_.folder("real");
  tree_.link("link", "real");
  const ProjectView view = discover(tree_.at("link"));
  ASSERT_EQ(view.folders.size(), 1U);
  EXPECT_EQ(view.folders[0].path, tree_.at("real"));
  EXPECT_THAT(view.aliases, ElementsAre(tree_.at("link")));
}

TEST_F(ProjectTest, KeepsTheNamesThatTheBuildGoesBy) {
  tree_.folder("disk/src");
  tree_.link("home/u/src", tree_.at("disk/src"));
  build_tree("build", tree_.at("home/u/src"));
  const ProjectView view = discover(tree_.at("build"));
  EXPECT_THAT(view.aliases, ElementsAre(tree_.at("home/u/src")));
  EXPECT_THAT(folders(tree_.at("build")), Contains(tree_.at("disk/src")));
}

TEST_F(ProjectTest, AMovedBuildTreeGivesNoAlias) {
  tree_.file("new/CMakeCache.txt", "#\nCMAKE_CACHEFILE_DIR:INTERNAL=/tmp\n");
  EXPECT_THAT(discover(tree_.at("new")).aliases, IsEmpty());
}

TEST_F(ProjectTest, DropsASourceFolderThatIsGone) {
  build_tree("build", "/no/such/source");
  const ProjectView view = discover(tree_.at("build"));
  EXPECT_EQ(view.folders.size(), 1U);
  EXPECT_THAT(view.dropped, ElementsAre(HasSubstr("/no/such/source")));
}

TEST_F(ProjectTest, AHomeUnderGitDoesNotHideTheProjectInIt) {
  tree_.file("home/u/.git/HEAD");
  tree_.file("home/u/p/.git/HEAD");
  const ProjectView view = discover(tree_.folder("home/u/p/src"));
  ASSERT_EQ(view.folders.size(), 1U);
  EXPECT_EQ(view.folders[0].path, tree_.at("home/u/p"));
  EXPECT_THAT(view.dropped, ElementsAre(HasSubstr("is the home folder")));
}

TEST_F(ProjectTest, AHomeUnderGitLeavesCwd) {
  tree_.file("home/u/.git/HEAD");
  EXPECT_THAT(folders(tree_.folder("home/u/x")), ElementsAre(tree_.at("home/u/x")));
}

TEST_F(ProjectTest, AStrayCacheInHomeStillNamesItsSource) {
  tree_.folder("src");
  build_tree("home/u", tree_.at("src"));
  EXPECT_THAT(folders(tree_.folder("home/u/x")),
              UnorderedElementsAre(tree_.at("home/u/x"), tree_.at("src")));
}

TEST_F(ProjectTest, HomeAsCwdIsRefusedWithAHint) {
  const Error error = error_at(home_);
  EXPECT_THAT(error.what(), HasSubstr(home_ + " is the home folder"));
  EXPECT_THAT(error.hint(), HasSubstr("--project DIR"));
  EXPECT_EQ(error.exit_code(), 125);
}

TEST_F(ProjectTest, AFreshPlaceAsCwdIsRefusedWithAHint) {
  EXPECT_THAT(error_at("/tmp").what(), HasSubstr("/tmp is a place that starts empty"));
  EXPECT_THAT(error_at("/").what(), HasSubstr("/ is the root folder"));
  EXPECT_THAT(error_at("/var").what(), HasSubstr("/var holds"));
}

TEST_F(ProjectTest, AFreshPlaceAsCwdIsFineWhenTheProgramsBuildTreeIsKnown) {
  build_tree("home/u/p/build", tree_.folder("home/u/p"));
  const std::string program = tree_.program("home/u/p/build/t", "");
  for (const std::string& cwd : {std::string{"/"}, std::string{"/tmp"}, home_}) {
    EXPECT_THAT(folders(cwd, program), ElementsAre(tree_.at("home/u/p"))) << cwd;
  }
}

TEST_F(ProjectTest, APlaceForKeysAsCwdIsRefused) {
  build_tree("build", tree_.folder("src"));
  EXPECT_THAT(error_at(tree_.folder("home/u/.ssh")).what(), HasSubstr("keys"));
  EXPECT_THROW(discover(tree_.at("home/u/.ssh"), tree_.program("build/t", "")), Error);
}

TEST_F(ProjectTest, WorksWithoutAHome) {
  const std::string cwd = tree_.folder("p");
  for (const char* home : {"", "/", "/no/such/home", "relative"}) {
    const ProjectView view = discover_project({}, cwd, "", home, fresh_places(home));
    ASSERT_EQ(view.folders.size(), 1U) << home;
    EXPECT_EQ(view.folders[0].path, cwd);
  }
}

TEST_F(ProjectTest, OutsideTheFreshPlacesCwdIsTaken) {
  EXPECT_THAT(folders("/usr/share"), ElementsAre("/usr/share"));
}

TEST_F(ProjectTest, ADeletedCwdIsAnError) {
  EXPECT_THAT(error_at(tree_.at("gone")).what(), HasSubstr("ENOENT"));
}

TEST_F(ProjectTest, NoneShowsNone) {
  const Project none{Project::Choice::none, ""};
  EXPECT_THAT(discover_project(none, home_, "", home_, fresh_places(home_)).folders, IsEmpty());
}

TEST_F(ProjectTest, AChosenFolderIsTheOnlyOne) {
  tree_.file("home/u/p/.git/HEAD");
  const Project choice{Project::Choice::directory, tree_.folder("home/u/p/sub")};
  const ProjectView view =
      discover_project(choice, tree_.at("home/u/p"), "", home_, fresh_places(home_));
  ASSERT_EQ(view.folders.size(), 1U);
  EXPECT_EQ(view.folders[0].path, tree_.at("home/u/p/sub"));
  EXPECT_EQ(view.folders[0].why, "--project");
}

TEST_F(ProjectTest, AChosenFolderThatCannotBeShownIsRefused) {
  const auto chosen = [&](const std::string& folder) {
    return std::string{error_at("/", {Project::Choice::directory, folder}).what()};
  };
  EXPECT_THAT(chosen(tree_.at("none")), HasSubstr("--project " + tree_.at("none") + ": ENOENT"));
  EXPECT_THAT(chosen(tree_.file("file")), HasSubstr("not a folder"));
  EXPECT_THAT(chosen(home_), HasSubstr("is the home folder"));
  EXPECT_THAT(chosen("/tmp"), HasSubstr("starts empty"));
}

}  // namespace
}  // namespace sandbox
