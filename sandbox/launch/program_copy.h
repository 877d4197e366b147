// A child's program, and all that it points to, in one piece of memory.
#pragma once

#include <cstddef>

#include "child/program.h"

namespace sandbox {

class ProgramCopy {
 public:
  // Into `memory` of `size` bytes, which stay the caller's.
  ProgramCopy(std::byte* memory, std::size_t size) : memory_(memory), size_(size) {}

  // The copy; null where it does not fit.
  const child::TestProgram* test(const child::TestProgram& from);
  // With its test, but for a prepared one, whose test is not known yet.
  const child::Program* program(const child::Program& from);

 private:
  template <typename T>
  T* copy(const T* from, std::size_t count);
  const char* text(const char* from);
  const char** texts(const char* const* from, std::size_t size);
  child::Span<child::Instr> steps(const child::Span<child::Instr>& from);
  const sock_fprog* filter(const sock_fprog* from);

  std::byte* memory_;
  std::size_t size_;
  std::size_t used_ = 0;
  bool full_ = false;
};

}  // namespace sandbox
