#include "rootfs/elf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <random>

#include "sandbox/rootfs/elf_image.h"
#include "sandbox/rootfs/tree.h"
#include "sys/unique_fd.h"

namespace sandbox {
namespace {

using test::elf32;
using test::elf64;
using test::Tree;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Executable read(const std::string& path) {
  std::optional<Executable> file = read_executable(path);
  EXPECT_TRUE(file.has_value()) << path;
  return file.value_or(Executable{});
}

TEST(Elf, ReadsInterpreterLibrariesAndRunpath) {
  const Tree tree;
  const std::string path = tree.file(
      "bin/t", elf64({"/lib64/ld.so", "/opt/a:/opt/b", "", {"libfmt.so.10", "libc.so.6"}}));
  const Executable file = read(path);
  EXPECT_EQ(file.kind, Executable::Kind::elf);
  EXPECT_EQ(file.interpreter, "/lib64/ld.so");
  EXPECT_THAT(file.needed, ElementsAre("libfmt.so.10", "libc.so.6"));
  EXPECT_THAT(file.search, ElementsAre("/opt/a", "/opt/b"));
}

TEST(Elf, Reads32BitFiles) {
  const Tree tree;
  const Executable file =
      read(tree.file("t", elf32({"/lib/ld-linux.so.2", "/opt/m32", "", {"libm.so.6"}})));
  EXPECT_EQ(file.interpreter, "/lib/ld-linux.so.2");
  EXPECT_THAT(file.search, ElementsAre("/opt/m32"));
  EXPECT_THAT(file.needed, ElementsAre("libm.so.6"));
}

TEST(Elf, ReadsOldRpath) {
  const Tree tree;
  EXPECT_THAT(read(tree.file("t", elf64({"", "", "/opt/old", {}}))).search,
              ElementsAre("/opt/old"));
}

TEST(Elf, ExpandsOriginToTheFilesFolder) {
  const Tree tree;
  const std::string path =
      tree.file("bin/t", elf64({"", "$ORIGIN:${ORIGIN}/../lib:$ORIGIN/$LIB:rel::/x", "", {}}));
  EXPECT_THAT(read(path).search, ElementsAre(tree.at("bin"), tree.at("bin/../lib"), "rel", "/x"));
}

TEST(Elf, ReadsARunpathOfHundredsOfFolders) {
  const Tree tree;
  std::string runpath;
  for (int i = 0; i < 900; ++i)
    runpath += "/nix/store/some-long-name-" + std::to_string(i) + "/lib:";
  EXPECT_EQ(read(tree.file("t", elf64({"", runpath, "", {}}))).search.size(), 900U);
}

TEST(Elf, AStaticFileHasNoInterpreter) {
  const Tree tree;
  const Executable file = read(tree.file("t", elf64({})));
  EXPECT_EQ(file.kind, Executable::Kind::elf);
  EXPECT_EQ(file.interpreter, "");
  EXPECT_THAT(file.needed, IsEmpty());
}

TEST(Elf, ReadsThisTestItself) {
  const Executable file = read("/proc/self/exe");
  EXPECT_EQ(file.kind, Executable::Kind::elf);
  EXPECT_TRUE(file.interpreter.starts_with("/lib")) << file.interpreter;
  EXPECT_THAT(file.needed, Contains("libc.so.6"));
}

TEST(Elf, ReadsAScriptsInterpreterAndItsArgument) {
  const Tree tree;
  const Executable file = read(tree.file("t.py", "#! /usr/bin/env \t-S python3 -u \nprint()\n"));
  EXPECT_EQ(file.kind, Executable::Kind::script);
  EXPECT_EQ(file.interpreter, "/usr/bin/env");
  EXPECT_EQ(file.interpreter_argument, "-S python3 -u");
}

TEST(Elf, LooksNoFurtherIntoAScriptThanTheKernel) {
  const Tree tree;
  const Executable file = read(tree.file("t", "#!/" + std::string(5000, 'a')));
  EXPECT_EQ(file.interpreter.size(), 254U);
}

TEST(Elf, OtherFilesAreOther) {
  const Tree tree;
  EXPECT_EQ(read(tree.file("text", "echo hello\n")).kind, Executable::Kind::other);
  EXPECT_EQ(read(tree.file("empty", "")).kind, Executable::Kind::other);
}

TEST(Elf, SaysWhyAFileCannotBeRead) {
  errno = 0;
  EXPECT_FALSE(read_executable("/no/such/file"));
  EXPECT_EQ(errno, ENOENT);
  EXPECT_FALSE(read_executable("/tmp"));
  EXPECT_EQ(errno, EISDIR);
}

TEST(Elf, DoesNotWaitForAFifo) {
  const Tree tree;
  ASSERT_EQ(::mkfifo(tree.at("fifo").c_str(), 0644), 0);
  static_cast<void>(read_executable(tree.at("fifo")));
}

// A file in memory, written thousands of times in a second.
class MemoryFile {
 public:
  void write(const std::string& content) const {
    ASSERT_EQ(::ftruncate(fd_.get(), 0), 0);
    ASSERT_EQ(::pwrite(fd_.get(), content.data(), content.size(), 0),
              static_cast<ssize_t>(content.size()));
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_.get()); }

 private:
  UniqueFd fd_{::memfd_create("elf", MFD_CLOEXEC)};
};

TEST(Elf, SurvivesEveryTruncation) {
  const MemoryFile file;
  const std::string whole = elf64({"/lib64/ld.so", "$ORIGIN/lib:/opt", "/old", {"a.so", "b.so"}});
  for (size_t size = 0; size < whole.size(); ++size) {
    file.write(whole.substr(0, size));
    ASSERT_TRUE(read_executable(file.path()).has_value()) << size;
  }
}

TEST(Elf, SurvivesHostileBytes) {
  const MemoryFile file;
  std::mt19937 random{1};
  const test::ElfFacts facts{"/ld", "/opt", "", {"a.so"}};
  for (const std::string& whole : {elf64(facts), elf32(facts)}) {
    for (int round = 0; round < 2000; ++round) {
      std::string broken = whole;
      for (int i = 0; i < 4; ++i) {
        broken[EI_NIDENT + random() % (broken.size() - EI_NIDENT)] = static_cast<char>(random());
      }
      file.write(broken);
      ASSERT_TRUE(read_executable(file.path()).has_value());
    }
  }
}

// A dynamic section that repeats one unterminated string must not make the reader take gigabytes.
TEST(Elf, BoundsWhatAHostileFileCanAskFor) {
  const Tree tree;
  test::ElfFacts facts;
  facts.needed.assign(100'000, "x");
  EXPECT_LE(read(tree.file("t", elf64(facts))).needed.size(), 1024U);
}

}  // namespace
}  // namespace sandbox
