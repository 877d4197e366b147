#include "launch/lean_clone.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <new>

#include "launch/program_copy.h"

namespace sandbox {
namespace {

constexpr std::size_t kMemory = std::size_t{1} << 20;  // taken page by page, as they are written
constexpr std::uintptr_t kPage = 4096;

std::uintptr_t page_after(std::uintptr_t address) {
  return (address + kPage - 1) & ~(kPage - 1);
}

// What libc took for itself lies below: in a static executable the thread-local memory, which a
// child needs.
std::uintptr_t first_block() {
  void* block = ::operator new(1);
  const auto address = reinterpret_cast<std::uintptr_t>(block);
  ::operator delete(block);
  return page_after(address);
}

const std::uintptr_t kHeapBegin = first_block();

}  // namespace

LeanClone::LeanClone(const child::Program& program) : program_(&program) {
  void* memory =
      ::mmap(nullptr, kMemory, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;
  memory_ = static_cast<std::byte*>(memory);
  const child::Program* copy = ProgramCopy{memory_, kMemory}.program(program);
  // Where malloc has its memory from elsewhere, what it handed out first lies above.
  const auto end = reinterpret_cast<std::uintptr_t>(::sbrk(0)) & ~(kPage - 1);
  if (!copy || end <= kHeapBegin) return;
  auto* heap = reinterpret_cast<std::byte*>(kHeapBegin);
  if (::madvise(heap, end - kHeapBegin, MADV_DONTFORK) < 0) return;
  heap_ = heap;
  heap_size_ = end - kHeapBegin;
  program_ = copy;
}

LeanClone::~LeanClone() {
  if (heap_) ::madvise(heap_, heap_size_, MADV_DOFORK);
  if (memory_) ::munmap(memory_, kMemory);
}

}  // namespace sandbox
