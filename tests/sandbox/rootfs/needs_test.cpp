#include "rootfs/needs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>

#include "sandbox/rootfs/elf_image.h"
#include "sandbox/rootfs/tree.h"

namespace sandbox {

void PrintTo(const Need& need, std::ostream* out) {
  *out << need.path << (need.directory ? "/" : "") << (need.link.empty() ? "" : " -> ") << need.link
       << " (" << need.why << ')';
}

namespace {

using test::elf64;
using test::Tree;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

auto needs_path(const std::string& path) {
  return Field("path", &Need::path, path);
}
auto needs_file(const std::string& path) {
  return AllOf(needs_path(path), Field("directory", &Need::directory, false),
               Field("link", &Need::link, ""));
}
auto needs_folder(const std::string& path) {
  return AllOf(needs_path(path), Field("directory", &Need::directory, true));
}
auto needs_link(const std::string& path, const std::string& target) {
  return AllOf(needs_path(path), Field("link", &Need::link, target));
}
auto because(const std::string& why) {
  return Field("why", &Need::why, why);
}

// Within one tree: a hidden home and tmp, and a project and an /opt that are seen.
class NeedsTest : public ::testing::Test {
 protected:
  NeedsTest() {
    query_.cwd = tree_.folder("work");
    query_.home = tree_.folder("home/u");
    query_.fresh = {tree_.at("home"), tree_.at("tmp")};
    tree_.folder("tmp");
    run(tree_.program("work/t", elf64({})));
  }

  void run(const std::string& program, std::vector<std::string> arguments = {}) {
    query_.program = program;
    query_.command = {"./t"};
    query_.command.insert(query_.command.end(), arguments.begin(), arguments.end());
  }

  void give(const std::string& entry) { query_.environment.push_back(entry); }
  std::vector<Need> needs() const { return find_needs(query_); }

  Tree tree_;
  NeedsQuery query_;
};

// --- the program

TEST_F(NeedsTest, AVisibleProgramNeedsNothing) {
  give("PATH=/usr/bin:/bin");
  EXPECT_THAT(needs(), IsEmpty());
}

TEST_F(NeedsTest, AHiddenProgramIsShownAsAFile) {
  run(tree_.program("tmp/t", elf64({})));
  EXPECT_THAT(needs(), ElementsAre(AllOf(needs_file(tree_.at("tmp/t")), because("the program"))));
}

TEST_F(NeedsTest, AProgramInACoveredFolderIsShownAlready) {
  run(tree_.program("home/u/p/t", elf64({})));
  query_.covered = {tree_.at("home/u/p")};
  EXPECT_THAT(needs(), IsEmpty());
}

TEST_F(NeedsTest, EverySymlinkHopIsMadeAgain) {
  tree_.program("home/u/opt/tool-1.2/tool", elf64({}));
  tree_.link("home/u/opt/current", "tool-1.2");
  run(tree_.link("home/u/bin/tool", "../opt/current/tool"));
  EXPECT_THAT(needs(),
              UnorderedElementsAre(needs_link(tree_.at("home/u/bin/tool"), "../opt/current/tool"),
                                   needs_link(tree_.at("home/u/opt/current"), "tool-1.2"),
                                   needs_file(tree_.at("home/u/opt/tool-1.2/tool"))));
}

TEST_F(NeedsTest, AVisibleSymlinkToAHiddenProgramIsNotMadeAgain) {
  tree_.program("home/u/t", elf64({}));
  run(tree_.link("work/link", tree_.at("home/u/t")));
  EXPECT_THAT(needs(), ElementsAre(needs_file(tree_.at("home/u/t"))));
}

TEST_F(NeedsTest, AnInstalledProgramComesWithItsPrefix) {
  run(tree_.program("home/u/tool-1.2/bin/tool", elf64({})));
  EXPECT_THAT(needs(), ElementsAre(needs_folder(tree_.at("home/u/tool-1.2"))));
}

TEST_F(NeedsTest, AProgramInHomesBinComesAlone) {
  run(tree_.program("home/u/bin/tool", elf64({})));
  EXPECT_THAT(needs(), ElementsAre(needs_file(tree_.at("home/u/bin/tool"))));
}

// --- interpreters

TEST_F(NeedsTest, AScriptsHiddenInterpreterIsShown) {
  tree_.program("tmp/interpreter", elf64({}));
  run(tree_.program("work/s", "#!" + tree_.at("tmp/interpreter") + " -u\n"));
  EXPECT_THAT(needs(), ElementsAre(AllOf(needs_file(tree_.at("tmp/interpreter")),
                                         because("interpreter of ./t"))));
}

TEST_F(NeedsTest, AVenvsPythonComesWithThePythonItWasMadeFrom) {
  tree_.program("home/u/.pyenv/versions/3.11/bin/python3.11", elf64({}));
  tree_.link("home/u/.pyenv/versions/3.11/bin/python3", "python3.11");
  tree_.link("home/u/venv/bin/python", tree_.at("home/u/.pyenv/versions/3.11/bin/python3"));
  run(tree_.program("work/s", "#!" + tree_.at("home/u/venv/bin/python") + "\n"));
  EXPECT_THAT(needs(), UnorderedElementsAre(needs_folder(tree_.at("home/u/.pyenv/versions/3.11")),
                                            needs_folder(tree_.at("home/u/venv"))));
}

TEST_F(NeedsTest, AVenvWithinTheProjectNeedsItsPythonToo) {
  tree_.program("home/u/.pyenv/versions/3.11/bin/python3", elf64({}));
  tree_.link("work/.venv/bin/python", tree_.at("home/u/.pyenv/versions/3.11/bin/python3"));
  run(tree_.at("work/.venv/bin/python"));
  EXPECT_THAT(needs(), ElementsAre(needs_folder(tree_.at("home/u/.pyenv/versions/3.11"))));
}

TEST_F(NeedsTest, TheProgramNamedToEnvIsSearchedInPath) {
  tree_.program("tmp/tool", elf64({}));
  tree_.link("work/bin/tool", tree_.at("tmp/tool"));
  run(tree_.program("work/s", "#!/usr/bin/env tool\n"));
  give("PATH=/usr/bin:" + tree_.at("work/bin"));
  EXPECT_THAT(needs(),
              ElementsAre(AllOf(needs_file(tree_.at("tmp/tool")), because("interpreter of ./t"))));
}

TEST_F(NeedsTest, AScriptOfItselfEnds) {
  run(tree_.program("tmp/s", "#!" + tree_.at("tmp/s") + "\n"));
  EXPECT_THAT(needs(), ElementsAre(needs_file(tree_.at("tmp/s"))));
}

TEST_F(NeedsTest, AHiddenLoaderComesWithItsFolder) {
  tree_.program("home/brew/lib/ld.so", elf64({}));
  run(tree_.program("work/b", elf64({tree_.at("home/brew/lib/ld.so"), "", "", {}})));
  EXPECT_THAT(needs(), ElementsAre(needs_folder(tree_.at("home/brew/lib"))));
}

// --- libraries

TEST_F(NeedsTest, AHiddenRunpathIsShown) {
  tree_.file("home/u/.conan2/fmt/lib/libfmt.so", elf64({}));
  run(tree_.program("work/b", elf64({"", tree_.at("home/u/.conan2/fmt/lib"), "", {"libfmt.so"}})));
  EXPECT_THAT(needs(), ElementsAre(AllOf(needs_folder(tree_.at("home/u/.conan2/fmt/lib")),
                                         because("RUNPATH of ./t"))));
}

TEST_F(NeedsTest, ALibrarysOwnRunpathIsShownToo) {
  tree_.file("home/u/b/libb.so", elf64({}));
  tree_.file("work/lib/liba.so", elf64({"", tree_.at("home/u/b"), "", {"libb.so"}}));
  run(tree_.program("work/bin/b", elf64({"", "$ORIGIN/../lib", "", {"liba.so", "libc.so.6"}})));
  EXPECT_THAT(needs(), ElementsAre(AllOf(needs_folder(tree_.at("home/u/b")),
                                         because("RUNPATH of liba.so"))));
}

TEST_F(NeedsTest, LibrariesThatNeedEachOtherEnd) {
  tree_.file("home/u/l/liba.so", elf64({"", "$ORIGIN", "", {"libb.so"}}));
  tree_.file("home/u/l/libb.so", elf64({"", "$ORIGIN", "", {"liba.so"}}));
  run(tree_.program("work/b", elf64({"", tree_.at("home/u/l"), "", {"liba.so"}})));
  EXPECT_THAT(needs(), ElementsAre(needs_folder(tree_.at("home/u/l"))));
}

TEST_F(NeedsTest, ALibraryThatIsASymlinkElsewhereIsFollowed) {
  tree_.file("home/u/cellar/fmt/libfmt.so.10", elf64({}));
  tree_.link("home/u/lib/libfmt.so.10", "../cellar/fmt/libfmt.so.10");
  run(tree_.program("work/b", elf64({"", tree_.at("home/u/lib"), "", {"libfmt.so.10"}})));
  EXPECT_THAT(needs(), UnorderedElementsAre(needs_folder(tree_.at("home/u/lib")),
                                            needs_folder(tree_.at("home/u/cellar/fmt"))));
}

TEST_F(NeedsTest, ALibraryInAFreshPlaceItselfIsShownAlone) {
  tree_.file("tmp/libx.so", elf64({}));
  run(tree_.program("tmp/b", elf64({"", "$ORIGIN", "", {"libx.so"}})));
  EXPECT_THAT(needs(), UnorderedElementsAre(needs_file(tree_.at("tmp/b")),
                                            needs_file(tree_.at("tmp/libx.so"))));
}

TEST_F(NeedsTest, LibraryPathIsShownAndSearched) {
  tree_.file("home/u/deep/libb.so", elf64({}));
  tree_.file("home/u/l/liba.so", elf64({"", tree_.at("home/u/deep"), "", {"libb.so"}}));
  run(tree_.program("work/b", elf64({"", "", "", {"liba.so"}})));
  give("LD_LIBRARY_PATH=/usr/lib::" + tree_.at("home/u/l"));
  EXPECT_THAT(needs(), UnorderedElementsAre(
                           AllOf(needs_folder(tree_.at("home/u/l")), because("LD_LIBRARY_PATH")),
                           needs_folder(tree_.at("home/u/deep"))));
}

TEST_F(NeedsTest, APreloadedLibraryIsShown) {
  tree_.file("home/u/libfake.so", elf64({}));
  give("LD_PRELOAD=" + tree_.at("home/u/libfake.so"));
  EXPECT_THAT(needs(), ElementsAre(needs_file(tree_.at("home/u/libfake.so"))));
}

// --- the environment

TEST_F(NeedsTest, APathEntryComesWithItsPrefix) {
  tree_.folder("home/u/node/bin");
  tree_.folder("home/u/scripts");
  give("PATH=" + tree_.at("home/u/node/bin") + ":" + tree_.at("home/u/scripts") + ":" +
       tree_.at("home/u/missing/bin"));
  EXPECT_THAT(needs(),
              UnorderedElementsAre(AllOf(needs_folder(tree_.at("home/u/node")), because("PATH")),
                                   needs_folder(tree_.at("home/u/scripts"))));
}

TEST_F(NeedsTest, APathEntryThatIsASymlinkIsFollowed) {
  tree_.folder("home/u/java/17/bin");
  tree_.link("home/u/java/current", "17");
  give("PATH=" + tree_.at("home/u/java/current/bin"));
  EXPECT_THAT(needs(), UnorderedElementsAre(needs_link(tree_.at("home/u/java/current"), "17"),
                                            needs_folder(tree_.at("home/u/java/17"))));
}

TEST_F(NeedsTest, HomeAndDotLocalAreNeverAPrefix) {
  tree_.folder("home/u/bin");
  tree_.folder("home/u/.local/bin");
  tree_.folder("home/u/.local/lib");
  tree_.folder("home/u/.local/share/keyrings");
  give("PATH=" + tree_.at("home/u/bin") + ":" + tree_.at("home/u/.local/bin"));
  EXPECT_THAT(needs(), UnorderedElementsAre(needs_folder(tree_.at("home/u/bin")),
                                            needs_folder(tree_.at("home/u/.local/bin")),
                                            needs_folder(tree_.at("home/u/.local/lib"))));
}

TEST_F(NeedsTest, AFreshPlaceInPathIsNotShown) {
  tree_.folder("tmp/bin");
  give("PATH=" + tree_.at("tmp") + ":" + tree_.at("home/u") + ":" + tree_.at("tmp/bin"));
  EXPECT_THAT(needs(), ElementsAre(needs_folder(tree_.at("tmp/bin"))));
}

TEST_F(NeedsTest, APrefixWithKeysLeavesTheFolderOfPrograms) {
  tree_.folder("home/u/.cargo/bin");
  tree_.file("home/u/.cargo/credentials.toml");
  give("PATH=" + tree_.at("home/u/.cargo/bin"));
  EXPECT_THAT(needs(), ElementsAre(needs_folder(tree_.at("home/u/.cargo/bin"))));
}

TEST_F(NeedsTest, FoldersNamedByVariablesAreShown) {
  for (const char* name : {"VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYENV_ROOT", "NVM_DIR",
                           "JAVA_HOME", "QT_PLUGIN_PATH", "CONAN_HOME", "VCPKG_ROOT"}) {
    const std::string folder = tree_.folder(std::string{"home/u/"} + name);
    query_.environment = {name + ("=" + folder)};
    EXPECT_THAT(needs(), ElementsAre(AllOf(needs_folder(folder), because(name))));
  }
  query_.environment = {"OTHER_DIR=" + tree_.folder("home/u/other"),
                        "JAVA_HOME=", "NVM_DIR=relative"};
  EXPECT_THAT(needs(), IsEmpty());
}

TEST_F(NeedsTest, AListVariableNamesFoldersAndArchives) {
  tree_.folder("home/u/a");
  tree_.file("home/u/b.egg");
  give("PYTHONPATH=" + tree_.at("home/u/a") + ":/usr/lib:" + tree_.at("home/u/b.egg"));
  EXPECT_THAT(needs(), ElementsAre(needs_folder(tree_.at("home/u/a")),
                                   needs_file(tree_.at("home/u/b.egg"))));
}

TEST_F(NeedsTest, AVisibleVirtualEnvNeedsItsBase) {
  tree_.folder("home/u/uv/cpython-3.12/bin");
  tree_.file("work/.venv/pyvenv.cfg",
             "home = " + tree_.at("home/u/uv/cpython-3.12/bin") + "\nversion = 3.12\n");
  give("VIRTUAL_ENV=" + tree_.at("work/.venv"));
  EXPECT_THAT(needs(), ElementsAre(needs_folder(tree_.at("home/u/uv/cpython-3.12"))));
}

// --- arguments

TEST_F(NeedsTest, ExistingHiddenArgumentsAreShownExactly) {
  tree_.file("tmp/data/in.txt");
  tree_.folder("home/u/data");
  run(query_.program, {tree_.at("tmp/data/in.txt"), "--dir=" + tree_.at("home/u/data"),
                       tree_.at("tmp/missing"), "/etc/passwd", "word", ""});
  EXPECT_THAT(needs(), UnorderedElementsAre(
                           AllOf(needs_file(tree_.at("tmp/data/in.txt")), because("argument")),
                           needs_folder(tree_.at("home/u/data"))));
}

TEST_F(NeedsTest, ARelativeArgumentThatLeadsToAHiddenPlaceIsShown) {
  tree_.file("tmp/x");
  tree_.file("home/u/dataset");
  tree_.link("work/dataset", tree_.at("home/u/dataset"));
  run(query_.program, {"../tmp/x", "./dataset"});
  EXPECT_THAT(needs(), UnorderedElementsAre(needs_file(tree_.at("tmp/x")),
                                            needs_file(tree_.at("home/u/dataset"))));
}

TEST_F(NeedsTest, ABareWordInAHiddenCwdIsShown) {
  query_.cwd = tree_.at("tmp");
  tree_.file("tmp/input");
  run(query_.program, {"input"});
  EXPECT_THAT(needs(), ElementsAre(needs_file(tree_.at("tmp/input"))));
}

TEST_F(NeedsTest, NoSocketIsShown) {
  ASSERT_EQ(::mkfifo(tree_.at("tmp/pipe").c_str(), 0600), 0);
  run(query_.program, {tree_.at("tmp/pipe")});
  EXPECT_THAT(needs(), IsEmpty());
}

TEST_F(NeedsTest, AHundredThousandArgumentsAreNotAllWalked) {
  tree_.file("tmp/late");
  std::vector<std::string> many(100'000, "some/argument");
  many.push_back(tree_.at("tmp/late"));
  run(query_.program, many);
  EXPECT_THAT(needs(), IsEmpty());
}

// --- what is never shown

TEST_F(NeedsTest, KeysAreNeverShown) {
  tree_.file("home/u/.ssh/id_rsa");
  tree_.file("home/u/.netrc");
  tree_.folder("home/u/.docker/bin");
  tree_.folder("home/u/.config/gh");
  tree_.folder("tmp/copy/.aws");
  run(query_.program,
      {tree_.at("home/u/.ssh/id_rsa"), tree_.at("home/u/.ssh"), tree_.at("home/u/.netrc"),
       tree_.at("home/u"), tree_.at("home"), tree_.root(), "/", tree_.at("home/u/.config"),
       "--copy=" + tree_.at("tmp/copy")});
  give("PATH=" + tree_.at("home/u/.docker/bin"));
  give("JAVA_HOME=" + tree_.at("home/u"));
  give("PYTHONPATH=" + tree_.at("home/u/.ssh"));
  EXPECT_THAT(needs(), IsEmpty());
}

TEST_F(NeedsTest, ASymlinkDoesNotUncoverKeys) {
  tree_.file("home/u/.ssh/id_rsa");
  tree_.link("tmp/innocent", tree_.at("home/u/.ssh"));
  run(query_.program, {tree_.at("tmp/innocent"), tree_.at("tmp/innocent/id_rsa")});
  EXPECT_THAT(needs(), IsEmpty());
}

TEST_F(NeedsTest, NothingIsNamedTwice) {
  tree_.folder("home/u/node/bin");
  tree_.program("home/u/node/bin/n", elf64({}));
  run(tree_.at("home/u/node/bin/n"), {tree_.at("home/u/node/bin"), tree_.at("home/u/node/bin/n")});
  give("PATH=" + tree_.at("home/u/node/bin") + ":" + tree_.at("home/u/node/bin"));
  EXPECT_THAT(needs(), ElementsAre(needs_folder(tree_.at("home/u/node"))));
}

// --- other names

TEST_F(NeedsTest, AHiddenNameOfTheCwdIsMadeAgain) {
  const std::string link = tree_.link("home/u/w", tree_.at("work"));
  query_.cwd = link;
  EXPECT_THAT(needs(), ElementsAre(needs_link(link, tree_.at("work"))));
  query_.cwd = tree_.at("work");
  give("PWD=" + link);
  EXPECT_THAT(needs(), ElementsAre(needs_link(link, tree_.at("work"))));
}

TEST_F(NeedsTest, AStalePwdIsIgnored) {
  tree_.link("home/u/w", tree_.folder("other"));
  give("PWD=" + tree_.at("home/u/w"));
  EXPECT_THAT(needs(), IsEmpty());
}

TEST_F(NeedsTest, AliasesOfTheProjectAreMadeAgain) {
  const std::string link = tree_.link("home/u/src", tree_.at("work"));
  query_.aliases = {link};
  EXPECT_THAT(needs(), ElementsAre(needs_link(link, tree_.at("work"))));
}

TEST_F(NeedsTest, WorksWithoutAHome) {
  query_.home = "";
  run(tree_.program("tmp/t", elf64({})));
  EXPECT_THAT(needs(), ElementsAre(needs_file(tree_.at("tmp/t"))));
}

}  // namespace
}  // namespace sandbox
