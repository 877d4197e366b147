// The few facts of an ELF file or a script that decide what it needs (elf(5), ld.so(8)).
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace sandbox {

struct Executable {
  enum class Kind { elf, script, other };
  Kind kind = Kind::other;
  std::string interpreter{};           // PT_INTERP, or the #! line's program; empty: static
  std::string interpreter_argument{};  // the rest of the #! line, blanks trimmed
  // RPATH and RUNPATH entries, $ORIGIN expanded to the folder of `path` as given; a relative entry
  // stays relative (the loader takes it against its cwd), one with $LIB or $PLATFORM is left out.
  std::vector<std::string> search{};
  std::vector<std::string> needed{};  // DT_NEEDED
};

// Reads the file; nullopt with errno set when it cannot be read. Never crashes on a broken or
// hostile file: what is out of bounds is left out. 32- and 64-bit, little-endian.
std::optional<Executable> read_executable(const std::string& path);

}  // namespace sandbox
