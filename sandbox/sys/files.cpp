#include "sys/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <memory>

namespace sandbox {
namespace {

bool is_octal(char c) {
  return c >= '0' && c <= '7';
}

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

// Some file systems do not say; what is no folder after all is found out when it is opened.
bool may_be_folder(const dirent& entry) {
  const std::string_view name{entry.d_name};
  return (entry.d_type == DT_DIR || entry.d_type == DT_UNKNOWN) && name != "." && name != "..";
}

}  // namespace

std::optional<std::string> read_file_at(int at, const char* path) {
  UniqueFd fd{::openat(at, path, O_RDONLY | O_CLOEXEC)};
  if (!fd) return std::nullopt;
  std::string content;
  char buffer[4096];
  for (;;) {
    const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::nullopt;
    if (n == 0) return content;
    content.append(buffer, static_cast<size_t>(n));
  }
}

std::optional<std::string> read_file(const std::string& path) {
  return read_file_at(AT_FDCWD, path.c_str());
}

std::vector<std::string> subfolders(int at, const char* path) {
  std::vector<std::string> names;
  UniqueFd fd{::openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  const std::unique_ptr<DIR, CloseDirectory> entries{fd ? ::fdopendir(fd.get()) : nullptr};
  if (!entries) return names;
  fd.release();
  while (const dirent* entry = ::readdir(entries.get())) {
    if (may_be_folder(*entry)) names.emplace_back(entry->d_name);
  }
  return names;
}

int write_file_at(int at, const char* path, std::string_view content) {
  UniqueFd fd{::openat(at, path, O_WRONLY | O_CLOEXEC)};
  if (!fd) return errno;
  const ssize_t n = ::write(fd.get(), content.data(), content.size());
  if (n < 0) return errno;
  return static_cast<size_t>(n) == content.size() ? 0 : EIO;
}

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    content.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  pieces.reserve(static_cast<size_t>(std::ranges::count(text, separator)) + 1);
  while (!text.empty()) {
    const size_t end = text.find(separator);
    pieces.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return pieces;
}

std::string undo_escapes(std::string_view text) {
  if (text.find('\\') == text.npos) return std::string{text};
  std::string plain;
  plain.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) &&
                        is_octal(text[i + 2]) && is_octal(text[i + 3]);
    if (!escape) {
      plain += text[i];
      continue;
    }
    const int code = (text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0');
    plain += static_cast<char>(code);
    i += 3;
  }
  return plain;
}

std::optional<unsigned long long> leading_number(std::string_view text) {
  const size_t start = text.find_first_not_of(" \t");
  if (start == std::string_view::npos) return std::nullopt;
  text.remove_prefix(start);
  unsigned long long value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc{}) return std::nullopt;
  return value;
}

std::optional<unsigned long long> keyed_number(std::string_view text, std::string_view key) {
  for (std::string_view line : split(text, '\n')) {
    if (line.size() > key.size() && line.substr(0, key.size()) == key && line[key.size()] == ' ') {
      return leading_number(line.substr(key.size()));
    }
  }
  return std::nullopt;
}

std::optional<std::string> real_path(const std::string& name) {
  char resolved[PATH_MAX];
  if (!::realpath(name.c_str(), resolved)) return std::nullopt;
  return std::string{resolved};
}

std::string base_name(std::string_view path) {
  return std::string{path.substr(path.rfind('/') + 1)};
}

bool is_within(std::string_view path, std::string_view ancestor) {
  if (ancestor == "/") return !path.empty() && path.front() == '/';
  return path.substr(0, ancestor.size()) == ancestor &&
         (path.size() == ancestor.size() || path[ancestor.size()] == '/');
}

}  // namespace sandbox
