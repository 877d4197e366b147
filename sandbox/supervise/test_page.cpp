#include "supervise/test_page.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <atomic>
#include <cstring>

namespace sandbox {
namespace {

constexpr std::size_t kSize = 4096;
constexpr std::uint32_t kPageVersion = 1;

template <std::size_t N>
std::string text_of(const char (&field)[N]) {
  return {field, ::strnlen(field, N)};
}

}  // namespace

// Shared with any process inside: nothing in it is believed to be within bounds.
struct TestPage::Layout {
  std::uint32_t version;
  std::atomic<std::uint32_t> sequence;  // odd: being written
  std::int64_t at_ns;
  std::int32_t line;
  std::atomic<std::int32_t> cpu_and_one;  // 0: not told
  char test[1024];
  char file[1024];
};

std::unique_ptr<TestPage> TestPage::map(const UniqueFd& memory) {
  static_assert(sizeof(Layout) <= kSize && std::atomic<std::uint32_t>::is_always_lock_free);
  struct stat file {};
  const int seals = memory ? ::fcntl(memory.get(), F_GET_SEALS) : -1;
  if (seals < 0 || !(seals & F_SEAL_SHRINK)) return nullptr;
  if (::fstat(memory.get(), &file) != 0 || file.st_size < static_cast<off_t>(kSize)) return nullptr;
  void* page = ::mmap(nullptr, kSize, PROT_READ, MAP_SHARED, memory.get(), 0);
  if (page == MAP_FAILED) return nullptr;
  return std::unique_ptr<TestPage>{new TestPage{static_cast<const Layout*>(page)}};
}

TestPage::~TestPage() {
  ::munmap(const_cast<Layout*>(layout_), kSize);
}

int TestPage::cpu() const {
  return layout_->cpu_and_one.load(std::memory_order_relaxed) - 1;
}

std::optional<TestPage::Shown> TestPage::read() const {
  constexpr int kTries = 100;
  if (layout_->version != kPageVersion) return std::nullopt;
  for (int i = 0; i < kTries; ++i) {
    const std::uint32_t before = layout_->sequence.load(std::memory_order_acquire);
    if (before % 2 != 0) continue;
    Shown shown{before, text_of(layout_->test), text_of(layout_->file), layout_->line,
                layout_->at_ns};
    std::atomic_thread_fence(std::memory_order_acquire);
    if (layout_->sequence.load(std::memory_order_relaxed) == before) return shown;
  }
  return std::nullopt;
}

}  // namespace sandbox
