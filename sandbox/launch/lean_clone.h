// A clone without this process's heap.
#pragma once

#include <cstddef>

#include "child/program.h"

namespace sandbox {

// While this lives, a child of clone3 gets no copy of the heap (MADV_DONTFORK, madvise(2)): neither
// are page tables copied, nor does this process fault and copy each page that it writes afterwards.
// The child's program lies elsewhere. Where either cannot be, the child has it all as usual.
class LeanClone {
 public:
  explicit LeanClone(const child::Program& program);
  LeanClone(const LeanClone&) = delete;
  LeanClone& operator=(const LeanClone&) = delete;
  ~LeanClone();

  // What the child is to run.
  const child::Program& program() const { return *program_; }

 private:
  const child::Program* program_;
  std::byte* memory_ = nullptr;
  std::byte* heap_ = nullptr;  // what is held back of it
  std::size_t heap_size_ = 0;
};

}  // namespace sandbox
