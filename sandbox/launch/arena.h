// Memory that a prepared sandbox shares with its supervisor, at one address in both: its test is
// written there when it is known.
#pragma once

#include <cstddef>
#include <cstdint>

#include "child/program.h"

namespace sandbox {

class TestArena {
 public:
  // Reserves address space; pages are taken as they are written. Throws Error.
  TestArena();
  TestArena(TestArena&& other) noexcept;
  TestArena& operator=(TestArena&& other) noexcept;
  ~TestArena();

  // Where put() writes: the address that the sandbox is told before.
  const child::TestProgram& test() const;

  // A copy of `test` and of all that it points to. False where it does not fit.
  bool put(const child::TestProgram& test);

 private:
  class Copier;
  std::byte* memory_ = nullptr;
};

}  // namespace sandbox
