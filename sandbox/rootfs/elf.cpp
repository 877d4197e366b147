#include "rootfs/elf.h"

#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "rootfs/paths.h"
#include "sys/files.h"
#include "sys/unique_fd.h"

namespace sandbox {
namespace {

constexpr size_t kScriptLine = 256;     // BINPRM_BUF_SIZE: all that the kernel looks at
constexpr size_t kMaxHeaders = 1024;    // program headers; real files have about a dozen
constexpr size_t kMaxDynamic = 4096;    // entries of the dynamic section
constexpr size_t kMaxString = 1 << 17;  // one RUNPATH may name hundreds of folders
constexpr size_t kMaxNeeded = 1024;

// Up to `size` bytes at `offset`; less at the end of the file, none where it cannot be read.
std::string read_at(int fd, std::uint64_t offset, size_t size) {
  std::string bytes(size, '\0');
  if (offset > static_cast<std::uint64_t>(INT64_MAX) - size) return {};
  const ssize_t n = ::pread(fd, bytes.data(), size, static_cast<off_t>(offset));
  bytes.resize(n < 0 ? 0 : static_cast<size_t>(n));
  return bytes;
}

// The records that `bytes` holds whole; a copy each, since the file need not align them.
template <typename Record>
std::vector<Record> records(std::string_view bytes) {
  std::vector<Record> all(bytes.size() / sizeof(Record));
  if (!all.empty()) std::memcpy(all.data(), bytes.data(), all.size() * sizeof(Record));
  return all;
}

struct Elf32 {
  using Header = Elf32_Ehdr;
  using Segment = Elf32_Phdr;
  using Dynamic = Elf32_Dyn;
};

struct Elf64 {
  using Header = Elf64_Ehdr;
  using Segment = Elf64_Phdr;
  using Dynamic = Elf64_Dyn;
};

template <typename Class>
class ElfReader {
 public:
  ElfReader(int fd, std::string_view head, std::string origin)
      : fd_(fd), head_(head), origin_(std::move(origin)) {}

  void read(Executable& result) {
    const auto headers = records<typename Class::Header>(at(0, sizeof(typename Class::Header)));
    if (headers.empty()) return;
    if (headers[0].e_phentsize != sizeof(typename Class::Segment)) return;
    const size_t count = std::min<size_t>(headers[0].e_phnum, kMaxHeaders);
    segments_ = records<typename Class::Segment>(
        at(headers[0].e_phoff, count * sizeof(typename Class::Segment)));
    for (const auto& segment : segments_) {
      if (segment.p_type == PT_INTERP)
        result.interpreter = text(segment.p_offset, segment.p_filesz);
      if (segment.p_type == PT_DYNAMIC) read_dynamic(segment, result);
    }
  }

 private:
  void read_dynamic(const typename Class::Segment& segment, Executable& result) {
    const size_t size = static_cast<size_t>(
        std::min<std::uint64_t>(segment.p_filesz, kMaxDynamic * sizeof(typename Class::Dynamic)));
    const auto entries = records<typename Class::Dynamic>(at(segment.p_offset, size));
    find_strings(entries);
    for (const auto& entry : entries) {
      if (entry.d_tag == DT_NULL) break;
      if (entry.d_tag == DT_RPATH || entry.d_tag == DT_RUNPATH) {
        add_search(string(entry.d_un.d_val), result.search);
      }
      if (entry.d_tag == DT_NEEDED && result.needed.size() < kMaxNeeded) {
        result.needed.push_back(string(entry.d_un.d_val));
      }
    }
    std::erase(result.needed, std::string{});
  }

  void find_strings(const std::vector<typename Class::Dynamic>& entries) {
    for (const auto& entry : entries) {
      if (entry.d_tag == DT_NULL) break;
      if (entry.d_tag == DT_STRTAB) strings_ = file_offset(entry.d_un.d_ptr);
      if (entry.d_tag == DT_STRSZ) strings_size_ = entry.d_un.d_val;
    }
  }

  // The dynamic section speaks of addresses; the segments say where in the file they are.
  std::optional<std::uint64_t> file_offset(std::uint64_t address) const {
    for (const auto& segment : segments_) {
      if (segment.p_type != PT_LOAD || address < segment.p_vaddr) continue;
      const std::uint64_t within = address - segment.p_vaddr;
      if (within < segment.p_filesz) return segment.p_offset + within;
    }
    return std::nullopt;
  }

  std::string string(std::uint64_t index) const {
    if (!strings_ || index >= strings_size_) return {};
    return text(*strings_ + index, strings_size_ - index);
  }

  // The text up to its NUL; empty when there is none within `limit` bytes.
  std::string text(std::uint64_t offset, std::uint64_t limit) const {
    limit = std::min<std::uint64_t>(limit, kMaxString);
    for (size_t size = 256;; size *= 8) {
      const size_t wanted = static_cast<size_t>(std::min<std::uint64_t>(limit, size));
      std::string bytes = at(offset, wanted);
      const size_t end = bytes.find('\0');
      if (end != std::string::npos) return bytes.substr(0, end);
      if (wanted == limit || bytes.size() < wanted) return {};
    }
  }

  std::string at(std::uint64_t offset, size_t size) const {
    if (offset <= head_.size() && size <= head_.size() - offset) {
      return std::string{head_.substr(static_cast<size_t>(offset), size)};
    }
    return read_at(fd_, offset, size);
  }

  // $LIB and $PLATFORM are the loader's own; an entry with them cannot be known here.
  void add_search(const std::string& entries, std::vector<std::string>& search) const {
    for (std::string_view entry : split(entries, ':')) {
      std::string folder{entry};
      for (const std::string_view token : {"${ORIGIN}", "$ORIGIN"}) {
        for (size_t at = 0; (at = folder.find(token, at)) != std::string::npos;) {
          folder.replace(at, token.size(), origin_);
          at += origin_.size();
        }
      }
      if (!folder.empty() && folder.find('$') == std::string::npos) search.push_back(folder);
    }
  }

  int fd_;
  std::string_view head_;
  std::string origin_;
  std::vector<typename Class::Segment> segments_;
  std::optional<std::uint64_t> strings_;
  std::uint64_t strings_size_ = 0;
};

std::string_view trim(std::string_view text) {
  const size_t start = text.find_first_not_of(" \t");
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(" \t") - start + 1);
}

void read_script(std::string_view head, Executable& result) {
  std::string_view line = head.substr(2, kScriptLine - 2);
  line = trim(line.substr(0, line.find('\n')));
  const size_t blank = line.find_first_of(" \t");
  result.interpreter = line.substr(0, blank);
  if (blank != std::string_view::npos) result.interpreter_argument = trim(line.substr(blank));
}

void read_elf(int fd, const std::string& head, const std::string& path, Executable& result) {
  if (head.size() < EI_NIDENT || head[EI_DATA] != ELFDATA2LSB) return;
  const std::string origin = parent_folder(path);
  if (head[EI_CLASS] == ELFCLASS64) ElfReader<Elf64>{fd, head, origin}.read(result);
  if (head[EI_CLASS] == ELFCLASS32) ElfReader<Elf32>{fd, head, origin}.read(result);
}

}  // namespace

std::optional<Executable> read_executable(const std::string& path) {
  // Without O_NONBLOCK the open of a FIFO would wait for a writer.
  const UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
  if (!fd) return std::nullopt;
  char head[2048];
  const ssize_t size = ::pread(fd.get(), head, sizeof head, 0);
  if (size < 0) return std::nullopt;
  const std::string bytes{head, static_cast<size_t>(size)};
  Executable result;
  if (bytes.starts_with(std::string_view{ELFMAG, SELFMAG})) {
    result.kind = Executable::Kind::elf;
    read_elf(fd.get(), bytes, path, result);
  } else if (bytes.starts_with("#!")) {
    result.kind = Executable::Kind::script;
    read_script(bytes, result);
  }
  return result;
}

}  // namespace sandbox
