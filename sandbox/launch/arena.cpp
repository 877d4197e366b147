#include "launch/arena.h"

#include <linux/filter.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "sys/error.h"

namespace sandbox {
namespace {

constexpr std::size_t kSize = std::size_t{1} << 20;

}  // namespace

// Hands out pieces of the arena; null once it is full.
class TestArena::Copier {
 public:
  explicit Copier(std::byte* memory) : memory_(memory) {}

  bool full() const { return full_; }

  template <typename T>
  T* copy(const T* from, std::size_t count) {
    const std::size_t begin = (used_ + alignof(T) - 1) & ~(alignof(T) - 1);
    const std::size_t size = count * sizeof(T);
    full_ = full_ || size > kSize || begin > kSize - size;
    if (full_ || !from) return nullptr;
    used_ = begin + size;
    return static_cast<T*>(std::memcpy(memory_ + begin, from, size));
  }

  const char* text(const char* from) { return from ? copy(from, std::strlen(from) + 1) : nullptr; }

  child::Span<child::Instr> steps(const child::Span<child::Instr>& from) {
    auto* to = copy(from.data, from.size);
    if (!to) return {};
    for (std::size_t i = 0; i < from.size; ++i) {
      const child::Instr& step = from.data[i];
      const bool mask = step.op == child::Op::affinity;  // bytes, and zeros among them
      to[i].text = mask ? copy(step.text, static_cast<std::size_t>(step.a)) : text(step.text);
      to[i].text2 = text(from.data[i].text2);
    }
    return {to, from.size};
  }

  // `size` strings and, where it is a null-terminated list, the null behind them.
  const char** texts(const char* const* from, std::size_t size) {
    auto** to = copy(const_cast<const char**>(from), size);
    for (std::size_t i = 0; to && i < size; ++i) to[i] = text(from[i]);
    return to;
  }

  const sock_fprog* filter(const sock_fprog* from) {
    if (!from) return nullptr;
    auto* to = copy(from, 1);
    if (to) to->filter = copy(from->filter, from->len);
    return to;
  }

 private:
  std::byte* memory_;
  std::size_t used_ = 0;
  bool full_ = false;
};

namespace {

std::size_t length_with_null(const char* const* list) {
  std::size_t size = 0;
  while (list[size]) ++size;
  return size + 1;
}

}  // namespace

TestArena::TestArena() {
  void* memory = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw Error{"cannot share memory with a sandbox", errno};
  memory_ = static_cast<std::byte*>(memory);
}

TestArena::TestArena(TestArena&& other) noexcept : memory_(std::exchange(other.memory_, nullptr)) {}

TestArena& TestArena::operator=(TestArena&& other) noexcept {
  std::swap(memory_, other.memory_);
  return *this;
}

TestArena::~TestArena() {
  if (memory_) ::munmap(memory_, kSize);
}

const child::TestProgram& TestArena::test() const {
  return *reinterpret_cast<const child::TestProgram*>(memory_);
}

bool TestArena::put(const child::TestProgram& test) {
  Copier copier{memory_};
  auto* to = copier.copy(&test, 1);
  to->steps = copier.steps(test.steps);
  to->executable = copier.text(test.executable);
  to->argv = copier.texts(test.argv, length_with_null(test.argv));
  to->envp = copier.texts(test.envp, length_with_null(test.envp));
  to->filter = copier.filter(test.filter);
  to->filter_unwatched = copier.filter(test.filter_unwatched);
  to->fresh_places = {copier.texts(test.fresh_places.data, test.fresh_places.size),
                      test.fresh_places.size};
  return !copier.full();
}

}  // namespace sandbox
