#include "rootfs/libraries.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "rootfs/paths.h"
#include "sys/files.h"

namespace sandbox {
namespace {

constexpr size_t kMaxLibraries = 2000;

// Libraries there lean on nothing outside; the two on top of each other hold for merged /usr too.
constexpr std::array<std::string_view, 6> kSystemFolders = {"/lib",     "/lib32",     "/lib64",
                                                            "/usr/lib", "/usr/lib32", "/usr/lib64"};

bool is_system(std::string_view folder) {
  return std::any_of(kSystemFolders.begin(), kSystemFolders.end(),
                     [&](std::string_view system) { return is_within(folder, system); });
}

class LibraryFinder {
 public:
  LibraryFinder(const std::vector<std::string>& library_path, const std::string& cwd)
      : library_path_(library_path), cwd_(cwd) {}

  Libraries find(const Executable& program, const std::string& words) {
    enqueue(program, words, {});
    while (!pending_.empty() && found_.files.size() < kMaxLibraries) {
      const Object object = std::move(pending_.back());
      pending_.pop_back();
      for (const std::string& name : object.needed) look_up(name, object.search);
    }
    return std::move(found_);
  }

 private:
  struct Object {
    std::vector<std::string> needed;
    std::vector<std::string> search;  // its own folders, then those of what loads it (RPATH)
  };

  void enqueue(const Executable& file, const std::string& words,
               const std::vector<std::string>& inherited) {
    Object object{file.needed, {}};
    for (const std::string& entry : file.search) {
      const std::string folder = absolute_path(entry, cwd_);
      if (is_system(folder)) continue;
      object.search.push_back(folder);
      note_folder(folder, "RUNPATH of " + words);
    }
    object.search.insert(object.search.end(), inherited.begin(), inherited.end());
    if (!object.search.empty() || !library_path_.empty()) pending_.push_back(std::move(object));
  }

  void note_folder(const std::string& folder, std::string why) {
    if (folders_seen_.insert(folder).second) found_.folders.push_back({folder, std::move(why)});
  }

  void look_up(const std::string& name, const std::vector<std::string>& search) {
    if (!names_seen_.insert(name).second) return;
    if (name.find('/') != std::string::npos) {
      take(absolute_path(name, cwd_), search);
      return;
    }
    const auto in_folder = [&](const std::string& folder) {
      return take(folder + '/' + name, search);
    };
    if (std::any_of(search.begin(), search.end(), in_folder)) return;
    static_cast<void>(std::any_of(library_path_.begin(), library_path_.end(), in_folder));
  }

  bool take(const std::string& path, const std::vector<std::string>& inherited) {
    const std::optional<Executable> library = read_executable(path);
    if (!library || library->kind != Executable::Kind::elf) return false;
    found_.files.push_back(path);
    enqueue(*library, base_name(path), inherited);
    return true;
  }

  const std::vector<std::string>& library_path_;
  const std::string& cwd_;
  Libraries found_;
  std::vector<Object> pending_;
  std::set<std::string> names_seen_;
  std::set<std::string> folders_seen_;
};

}  // namespace

Libraries find_libraries(const Executable& program, const std::string& words,
                         const std::vector<std::string>& library_path, const std::string& cwd) {
  return LibraryFinder{library_path, cwd}.find(program, words);
}

}  // namespace sandbox
