#include "rootfs/build_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "rootfs/paths.h"
#include "sys/unique_fd.h"

namespace sandbox {
namespace {

constexpr const char* kCacheName = "/CMakeCache.txt";
constexpr off_t kMaxCache = 16 << 20;  // the largest projects' caches have some hundred KiB

// In one read: a cache is looked at before every test.
std::string read_cache(const std::string& file) {
  const UniqueFd fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0) return {};
  std::string content(static_cast<size_t>(std::min(info.st_size, kMaxCache)), '\0');
  const ssize_t size = ::pread(fd.get(), content.data(), content.size(), 0);
  content.resize(size < 0 ? 0 : static_cast<size_t>(size));
  return content;
}

std::string cache_entry(const std::string& cache, std::string_view key) {
  const char* found =
      static_cast<const char*>(::memmem(cache.data(), cache.size(), key.data(), key.size()));
  if (!found) return {};
  const size_t start = static_cast<size_t>(found - cache.data()) + key.size();
  return cache.substr(start, cache.find_first_of("\r\n", start) - start);
}

}  // namespace

std::string build_folder_above(const std::string& folder) {
  for (std::string at = folder; at != "/"; at = parent_folder(at)) {
    if (path_kind(at + kCacheName) == PathKind::file) return at;
  }
  return {};
}

BuildTree read_build_tree(const std::string& build_folder) {
  const std::string cache = read_cache(build_folder + kCacheName);
  return {cache_entry(cache, "\nCMAKE_CACHEFILE_DIR:INTERNAL="),
          cache_entry(cache, "\nCMAKE_HOME_DIRECTORY:INTERNAL=")};
}

}  // namespace sandbox
