// A page of memory that a listener shares with the supervisor: which TEST runs (docs/channel.md).
// It costs the TEST no system call, and is right whatever became of the listener's descriptors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "sys/unique_fd.h"

namespace sandbox {

class TestPage {
 public:
  // Null where it is no memory that keeps its size (F_SEAL_SHRINK, memfd_create(2)): a file that
  // shrinks would end its reader (SIGBUS, mmap(2)).
  static std::unique_ptr<TestPage> map(const UniqueFd& memory);
  TestPage(const TestPage&) = delete;
  TestPage& operator=(const TestPage&) = delete;
  ~TestPage();

  struct Shown {
    std::uint32_t sequence = 0;
    std::string test{};  // empty: none runs
    std::string file{};
    int line = 0;
    std::int64_t at_ns = 0;  // CLOCK_MONOTONIC
  };
  // nullopt: it is being written, by one that may have died at it.
  std::optional<Shown> read() const;

  // Where the program was when it asked last; -1: it does not tell.
  int cpu() const;

 private:
  struct Layout;
  explicit TestPage(const Layout* layout) : layout_(layout) {}

  const Layout* layout_;
};

}  // namespace sandbox
