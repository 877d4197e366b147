#include "supervise/test_page.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

namespace sandbox {
namespace {

constexpr std::size_t kSize = 4096;

// What a listener makes, by the offsets of docs/channel.md.
class Page {
 public:
  explicit Page(unsigned seals = F_SEAL_SHRINK, std::size_t size = kSize)
      : memory{::memfd_create("page", MFD_CLOEXEC | MFD_ALLOW_SEALING)} {
    EXPECT_EQ(::ftruncate(memory.get(), static_cast<off_t>(size)), 0);
    EXPECT_EQ(::fcntl(memory.get(), F_ADD_SEALS, seals), 0);
    put<std::uint32_t>(0, 1);
  }

  template <typename T>
  void put(off_t offset, T value) const {
    EXPECT_EQ(::pwrite(memory.get(), &value, sizeof value, offset),
              static_cast<ssize_t>(sizeof value));
  }
  void put_text(off_t offset, std::string_view text) const {
    EXPECT_EQ(::pwrite(memory.get(), text.data(), text.size(), offset),
              static_cast<ssize_t>(text.size()));
  }

  UniqueFd memory;
};

TEST(TestPage, ShowsWhatALaidOutPageSays) {
  const Page page;
  const auto shared = TestPage::map(page.memory);
  ASSERT_TRUE(shared);
  page.put<std::uint32_t>(4, 6);
  page.put<std::int64_t>(8, 1234567890123);
  page.put<std::int32_t>(16, 42);
  page.put_text(24, "Suite.Name");
  page.put_text(1048, "file.cpp");
  const auto shown = shared->read();
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->sequence, 6U);
  EXPECT_EQ(shown->at_ns, 1234567890123);
  EXPECT_EQ(shown->line, 42);
  EXPECT_EQ(shown->test, "Suite.Name");
  EXPECT_EQ(shown->file, "file.cpp");
}

TEST(TestPage, ShowsNothingWhileItIsWritten) {
  const Page page;
  page.put<std::uint32_t>(4, 7);
  EXPECT_FALSE(TestPage::map(page.memory)->read());
}

TEST(TestPage, ShowsNothingOfAnotherVersion) {
  const Page page;
  page.put<std::uint32_t>(0, 2);
  EXPECT_FALSE(TestPage::map(page.memory)->read());
}

TEST(TestPage, IsReadWithinItsBounds) {
  const Page page;
  page.put_text(24, std::string(2048, 'x'));  // no NUL in either field
  const auto shown = TestPage::map(page.memory)->read();
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->test.size(), 1024U);
  EXPECT_EQ(shown->file.size(), 1024U);
}

// A file that shrinks under its reader ends it by SIGBUS.
TEST(TestPage, IsNotTakenWhereItCouldShrink) {
  EXPECT_FALSE(TestPage::map(Page{0}.memory));
  EXPECT_FALSE(TestPage::map(Page{F_SEAL_SHRINK, 100}.memory));
  EXPECT_FALSE(TestPage::map(UniqueFd{}));
  EXPECT_FALSE(TestPage::map(UniqueFd{::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)}));
}

}  // namespace
}  // namespace sandbox
