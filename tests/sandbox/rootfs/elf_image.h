// Makes small ELF files: headers, an interpreter, a dynamic section and its strings; no code.
#pragma once

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace sandbox::test {

struct ElfFacts {
  std::string interpreter{};
  std::string runpath{};
  std::string rpath{};
  std::vector<std::string> needed{};
};

template <typename Header, typename Segment, typename Dynamic>
class ElfImage {
 public:
  static std::string make(const ElfFacts& facts, unsigned char elf_class) {
    ElfImage image;
    image.add_strings(facts);
    return image.assemble(facts, elf_class);
  }

 private:
  static constexpr std::uint64_t kBase = 0x10000;  // addresses differ from file offsets

  void add(std::int64_t tag, std::uint64_t value) {
    Dynamic entry{};
    entry.d_tag = static_cast<decltype(entry.d_tag)>(tag);
    entry.d_un.d_val = static_cast<decltype(entry.d_un.d_val)>(value);
    dynamic_.push_back(entry);
  }

  void add_string(std::int64_t tag, const std::string& text) {
    if (text.empty()) return;
    add(tag, strings_.size());
    strings_ += text + '\0';
  }

  void add_strings(const ElfFacts& facts) {
    add(DT_STRTAB, 0);  // filled in once the strings have a place
    add(DT_STRSZ, 0);
    for (const std::string& name : facts.needed) add_string(DT_NEEDED, name);
    add_string(DT_RPATH, facts.rpath);
    add_string(DT_RUNPATH, facts.runpath);
  }

  std::string assemble(const ElfFacts& facts, unsigned char elf_class) {
    const std::string interpreter = facts.interpreter.empty() ? "" : facts.interpreter + '\0';
    const size_t at_interpreter = sizeof(Header) + 3 * sizeof(Segment);
    const size_t at_strings = at_interpreter + interpreter.size();
    const size_t at_dynamic = at_strings + strings_.size();
    dynamic_[0].d_un.d_ptr = static_cast<decltype(dynamic_[0].d_un.d_ptr)>(kBase + at_strings);
    dynamic_[1].d_un.d_val = static_cast<decltype(dynamic_[1].d_un.d_val)>(strings_.size());
    add(DT_NULL, 0);
    const size_t dynamic_size = dynamic_.size() * sizeof(Dynamic);
    std::string image = header(elf_class);
    image += segment(PT_LOAD, 0, at_dynamic + dynamic_size);
    image += segment(interpreter.empty() ? PT_NULL : PT_INTERP, at_interpreter, interpreter.size());
    image += segment(PT_DYNAMIC, at_dynamic, dynamic_size);
    image += interpreter + strings_;
    return image.append(reinterpret_cast<const char*>(dynamic_.data()), dynamic_size);
  }

  static std::string header(unsigned char elf_class) {
    Header header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = elf_class;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_DYN;
    header.e_phoff = sizeof(Header);
    header.e_phentsize = sizeof(Segment);
    header.e_phnum = 3;
    return {reinterpret_cast<const char*>(&header), sizeof header};
  }

  static std::string segment(std::uint32_t type, std::uint64_t offset, std::uint64_t size) {
    Segment segment{};
    segment.p_type = type;
    segment.p_offset = static_cast<decltype(segment.p_offset)>(offset);
    segment.p_vaddr = static_cast<decltype(segment.p_vaddr)>(kBase + offset);
    segment.p_filesz = static_cast<decltype(segment.p_filesz)>(size);
    segment.p_memsz = segment.p_filesz;
    return {reinterpret_cast<const char*>(&segment), sizeof segment};
  }

  std::string strings_ = std::string(1, '\0');
  std::vector<Dynamic> dynamic_;
};

inline std::string elf64(const ElfFacts& facts) {
  return ElfImage<Elf64_Ehdr, Elf64_Phdr, Elf64_Dyn>::make(facts, ELFCLASS64);
}

inline std::string elf32(const ElfFacts& facts) {
  return ElfImage<Elf32_Ehdr, Elf32_Phdr, Elf32_Dyn>::make(facts, ELFCLASS32);
}

}  // namespace sandbox::test
