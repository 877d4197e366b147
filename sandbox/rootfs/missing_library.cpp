#include "rootfs/missing_library.h"

#include <glob.h>

#include <set>

#include "rootfs/paths.h"
#include "sys/files.h"

namespace sandbox {
namespace {

constexpr std::size_t kMostLibraries = 2000;
constexpr int kDeepestInclude = 8;

// A comment, a folder a line, or "include" with a pattern (ldconfig(8)).
void read_loader_config(const std::string& path, std::vector<std::string>& folders, int depth) {
  const std::string text = read_file(path).value_or("");
  for (const std::string_view line : split(text, '\n')) {
    if (line.starts_with('/')) folders.emplace_back(line);
    constexpr std::string_view kInclude = "include ";
    if (!line.starts_with(kInclude) || depth == 0) continue;
    const std::string pattern = absolute_path(line.substr(kInclude.size()), "/etc");
    glob_t found{};
    if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) {
      for (std::size_t i = 0; i < found.gl_pathc; ++i) {
        read_loader_config(found.gl_pathv[i], folders, depth - 1);
      }
    }
    ::globfree(&found);
  }
}

std::vector<std::string> system_folders() {
  std::vector<std::string> folders;
  read_loader_config("/etc/ld.so.conf", folders, kDeepestInclude);
  for (const char* folder : {"/lib64", "/usr/lib64", "/lib", "/usr/lib", "/lib32", "/usr/lib32"}) {
    folders.emplace_back(folder);
  }
  return folders;
}

class Search {
 public:
  explicit Search(const LoaderView& view) : view_(view) {}

  std::optional<MissingLibrary> in(const Executable& program) {
    add(program, {});
    while (!pending_.empty() && names_seen_.size() < kMostLibraries) {
      const Object object = std::move(pending_.back());
      pending_.pop_back();
      for (const std::string& name : object.needed) {
        if (!names_seen_.insert(name).second) continue;
        if (auto missing = look_up(name, object.search)) return missing;
      }
    }
    return std::nullopt;
  }

 private:
  struct Object {
    std::vector<std::string> needed;
    std::vector<std::string> search;  // its own folders, then those of what loads it (RPATH)
  };

  void add(const Executable& file, const std::vector<std::string>& inherited) {
    Object object{file.needed, {}};
    for (const std::string& entry : file.search) {
      object.search.push_back(absolute_path(entry, view_.cwd));
    }
    object.search.insert(object.search.end(), inherited.begin(), inherited.end());
    pending_.push_back(std::move(object));
  }

  std::optional<MissingLibrary> look_up(const std::string& name,
                                        const std::vector<std::string>& search) {
    std::string hidden_in;
    for (const std::string& path : candidates(name, search)) {
      const auto library = read_executable(path);
      const auto real = real_path(path);
      if (!library || library->kind != Executable::Kind::elf || !real) continue;
      if (view_.shows(*real)) {
        add(*library, search);
        return std::nullopt;
      }
      if (hidden_in.empty()) hidden_in = parent_folder(*real);
    }
    return MissingLibrary{name, hidden_in};
  }

  std::vector<std::string> candidates(const std::string& name,
                                      const std::vector<std::string>& search) const {
    if (name.find('/') != name.npos) return {absolute_path(name, view_.cwd)};
    std::vector<std::string> paths;
    for (const auto* folders : {&search, &view_.library_path, &system_}) {
      for (const std::string& folder : *folders) paths.push_back(folder + "/" + name);
    }
    return paths;
  }

  const LoaderView& view_;
  const std::vector<std::string> system_ = system_folders();
  std::vector<Object> pending_{};
  std::set<std::string> names_seen_{};
};

}  // namespace

std::optional<MissingLibrary> find_missing_library(const Executable& program,
                                                   const LoaderView& view) {
  return Search{view}.in(program);
}

}  // namespace sandbox
