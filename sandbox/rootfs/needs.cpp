#include "rootfs/needs.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "rootfs/elf.h"
#include "rootfs/hidden.h"
#include "rootfs/libraries.h"
#include "rootfs/paths.h"
#include "rootfs/program_search.h"
#include "sys/files.h"

namespace sandbox {
namespace {

// Variables that name one folder.
constexpr std::array<std::string_view, 7> kFolderVariables = {
    "VIRTUAL_ENV", "CONDA_PREFIX", "PYENV_ROOT", "NVM_DIR",
    "JAVA_HOME",   "CONAN_HOME",   "VCPKG_ROOT"};
// Variables that name several, with colons between; archives too.
constexpr std::array<std::string_view, 2> kListVariables = {"PYTHONPATH", "QT_PLUGIN_PATH"};

// Where nothing of a user's own lies: a path there is not worth a system call.
constexpr std::array<std::string_view, 6> kSystemFolders = {"/usr", "/bin",   "/sbin",
                                                            "/lib", "/lib64", "/snap"};

constexpr int kMaxInterpreters = 5;     // as the kernel's, for scripts of scripts
constexpr size_t kMaxArguments = 1000;  // looked at; a list of 100,000 files is not walked
constexpr size_t kMaxPath = 4096;

bool is_system(std::string_view path) {
  return std::any_of(kSystemFolders.begin(), kSystemFolders.end(),
                     [&](std::string_view folder) { return is_within(path, folder); });
}

class NeedsFinder {
 public:
  explicit NeedsFinder(const NeedsQuery& query)
      : query_(query),
        cwd_(walk_path(query.cwd)),
        hidden_(query.fresh, query.covered, query.home),
        words_(query.command.empty() ? query.program : query.command.front()),
        library_path_(absolute_entries("LD_LIBRARY_PATH", ":;")) {}

  std::vector<Need> find() {
    add_library_path();
    add_program(query_.program, "the program", words_, 0);
    add_search_path();
    add_named_folders();
    add_arguments();
    add_aliases();
    return outermost();
  }

 private:
  // --- what to show

  void add_program(const std::string& path, const std::string& why, const std::string& words,
                   int depth) {
    const Walk walk = walk_path(path);
    if (!walk.exists() || depth > kMaxInterpreters) return;
    show_hops(walk, why);
    show_file(walk.real, why);
    for (const SymlinkHop& hop : walk.hops) show_prefix(parent_folder(hop.path), why);
    show_prefix(parent_folder(walk.real), why);
    // The kernel gives the loader the real path as $ORIGIN.
    const std::optional<Executable> file = read_executable(walk.real);
    if (file && file->kind == Executable::Kind::elf) add_loaded(*file, words);
    if (file && file->kind == Executable::Kind::script) add_script(*file, words, depth);
  }

  void add_script(const Executable& script, const std::string& words, int depth) {
    const std::string why = "interpreter of " + words;
    const std::string interpreter = absolute_path(script.interpreter, cwd_.real);
    add_program(interpreter, why, script.interpreter, depth + 1);
    const std::string name = program_named_to_env(script);
    if (name.empty()) return;
    const std::optional<std::string> found = search_in_path(name, cwd_.real, query_.environment);
    if (found) add_program(*found, why, name, depth + 1);
  }

  void add_loaded(const Executable& file, const std::string& words) {
    if (!file.interpreter.empty() && !is_system(file.interpreter)) {
      // The C library that belongs to a loader lies beside it.
      add_library(absolute_path(file.interpreter, cwd_.real), "interpreter of " + words);
    }
    const Libraries libraries = find_libraries(file, words, library_path_, cwd_.real);
    for (const LibraryFolder& folder : libraries.folders) show_place(folder.path, folder.why);
    for (const std::string& library : libraries.files) add_library(library, "library of " + words);
  }

  // A library alone where its folder is one that must not be shown.
  void add_library(const std::string& path, const std::string& why) {
    const Walk walk = walk_path(path);
    if (!walk.exists()) return;
    show_hops(walk, why);
    if (!hides(walk.real)) return;
    if (!show_folder(parent_folder(walk.real), why)) show_file(walk.real, why);
  }

  void add_library_path() {
    for (const std::string& folder : library_path_) show_place(folder, "LD_LIBRARY_PATH");
    for (const std::string& library : absolute_entries("LD_PRELOAD", ": ")) {
      show_place(library, "LD_PRELOAD");
    }
  }

  // The folders of programs with a prefix first: it often covers others.
  void add_search_path() {
    std::vector<std::string> folders = absolute_entries("PATH", ":");
    std::stable_partition(folders.begin(), folders.end(),
                          [](const std::string& folder) { return !prefix_of(folder).empty(); });
    for (auto folder = folders.begin(); folder != folders.end(); ++folder) {
      const bool again = std::find(folders.begin(), folder, *folder) != folder;
      if (!again && !is_system(*folder)) add_programs(*folder);
    }
  }

  void add_programs(const std::string& folder) {
    const Walk walk = walk_path(folder);
    if (!walk.exists()) return;
    show_hops(walk, "PATH");
    if (!show_prefix(walk.real, "PATH")) show_folder(walk.real, "PATH");
    add_base_python(prefix_of(walk.real));
  }

  void add_named_folders() {
    for (const std::string_view name : kFolderVariables) {
      const std::string_view value = variable(query_.environment, name).value_or("");
      if (!value.starts_with('/')) continue;
      show_place(std::string{value}, std::string{name});
      if (name == "VIRTUAL_ENV") add_base_python(std::string{value});
    }
    for (const std::string_view name : kListVariables) {
      for (const std::string& path : absolute_entries(name, ":"))
        show_place(path, std::string{name});
    }
  }

  // A virtual environment's python is a symlink to the one it was made from (Python's PEP 405).
  void add_base_python(const std::string& environment) {
    if (environment.empty() || is_system(environment)) return;
    const std::optional<std::string> settings = read_file(environment + "/pyvenv.cfg");
    if (!settings) return;
    for (std::string_view line : split(*settings, '\n')) {
      const size_t slash = line.find('/');
      if (!line.starts_with("home") || slash == std::string_view::npos) continue;
      const Walk walk = walk_path(std::string{line.substr(slash)});
      show_hops(walk, "base of the virtual environment");
      show_prefix(walk.real, "base of the virtual environment");
    }
  }

  void add_arguments() {
    const size_t count = std::min(query_.command.size(), kMaxArguments);
    for (size_t i = 1; i < count; ++i) {
      const std::string_view argument = query_.command[i];
      add_argument(argument);
      const size_t equals = argument.find('=');
      if (argument.starts_with('-') && equals != std::string_view::npos) {
        add_argument(argument.substr(equals + 1));
      }
    }
  }

  // A word without a slash can lie in a hidden place only if cwd does.
  void add_argument(std::string_view argument) {
    if (argument.empty() || argument.size() >= kMaxPath) return;
    const std::string path = absolute_path(argument, cwd_.real);
    if (argument.find('/') == std::string_view::npos && !hidden_.hides(path)) return;
    if (is_system(path)) return;
    const Walk walk = walk_path(path);
    if (hides(walk.real) && hidden_.holds_secret_name(walk.real)) return;
    show_walked(walk, "argument");
  }

  // The build, the user and PWD may go by names that lead through a hidden symlink.
  void add_aliases() {
    show_hops(cwd_, "cwd");
    for (const std::string& alias : query_.aliases) {
      show_hops(walk_path(alias), "another name of the project");
    }
    const std::string_view logical = variable(query_.environment, "PWD").value_or("");
    if (!logical.starts_with('/') || logical == query_.cwd || logical == cwd_.real) return;
    const Walk walk = walk_path(std::string{logical});
    if (walk.real == cwd_.real) show_hops(walk, "PWD");
  }

  // --- how it is shown

  bool hides(const std::string& real) const {
    return hidden_.hides(real) && std::none_of(needs_.begin(), needs_.end(), [&](const Need& need) {
             return need.directory && is_within(real, need.path);
           });
  }

  void show_place(const std::string& path, const std::string& why) {
    show_walked(walk_path(path), why);
  }

  void show_walked(const Walk& walk, const std::string& why) {
    if (!walk.exists() || hidden_.lies_in_secret(walk.real)) return;
    show_hops(walk, why);
    if (!show_folder(walk.real, why)) show_file(walk.real, why);
  }

  void show_hops(const Walk& walk, const std::string& why) {
    if (!walk.exists()) return;
    for (const SymlinkHop& hop : walk.hops) {
      if (hides(hop.path)) needs_.push_back({hop.path, false, hop.target, why});
    }
  }

  void show_file(const std::string& real, const std::string& why) {
    if (!hides(real) || hidden_.lies_in_secret(real)) return;
    if (path_kind(real) == PathKind::file) needs_.push_back({real, false, {}, why});
  }

  // Whether the folder can be seen now.
  bool show_folder(const std::string& real, const std::string& why) {
    if (!hides(real)) return true;
    if (path_kind(real) != PathKind::folder || !hidden_.refusal(real).empty()) return false;
    if (hidden_.lies_in_secret(real) || hidden_.holds_secret(real)) return false;
    needs_.push_back({real, true, {}, why});
    return true;
  }

  static std::string prefix_of(std::string_view folder) {
    return folder.ends_with("/bin") ? parent_folder(folder) : std::string{};
  }

  // What is installed together with the programs of DIR/bin. Whether there is nothing left to show.
  bool show_prefix(const std::string& folder, const std::string& why) {
    const std::string prefix = prefix_of(folder);
    if (prefix.empty() || !hides(prefix)) return false;
    if (prefix != hidden_.home() + "/.local") return show_folder(prefix, why);
    // Python's user packages; the rest of ~/.local is not for the test.
    show_folder(prefix + "/lib", why);
    return false;
  }

  // --- text

  std::vector<std::string> absolute_entries(std::string_view name, std::string_view separators) {
    std::vector<std::string> entries;
    std::string_view rest = variable(query_.environment, name).value_or("");
    while (!rest.empty()) {
      const size_t end = rest.find_first_of(separators);
      const std::string_view entry = rest.substr(0, end);
      if (!entry.empty()) entries.push_back(absolute_path(entry, cwd_.real));
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    return entries;
  }

  std::vector<Need> outermost() {
    std::stable_sort(needs_.begin(), needs_.end(),
                     [](const Need& a, const Need& b) { return component_order(a.path, b.path); });
    std::vector<Need> kept;
    for (Need& need : needs_) {
      const bool again = !kept.empty() && kept.back().path == need.path;
      const bool inner =
          !kept.empty() && kept.back().directory && is_within(need.path, kept.back().path);
      if (!again && !inner) kept.push_back(std::move(need));
    }
    return kept;
  }

  const NeedsQuery& query_;
  const Walk cwd_;
  const HiddenPlaces hidden_;
  const std::string words_;
  const std::vector<std::string> library_path_;
  std::vector<Need> needs_;
};

}  // namespace

std::vector<Need> find_needs(const NeedsQuery& query) {
  return NeedsFinder{query}.find();
}

}  // namespace sandbox
