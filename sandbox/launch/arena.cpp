#include "launch/arena.h"

#include <sys/mman.h>

#include <cerrno>
#include <utility>

#include "launch/program_copy.h"
#include "sys/error.h"

namespace sandbox {
namespace {

constexpr std::size_t kSize = std::size_t{1} << 20;

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
  return ProgramCopy{memory_, kSize}.test(test) != nullptr;
}

}  // namespace sandbox
