#include "rootfs/outputs.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "rootfs/hidden.h"
#include "rootfs/paths.h"
#include "sys/files.h"

namespace sandbox {
namespace {

constexpr std::array<std::string_view, 2> kFileVariables = {"XML_OUTPUT_FILE",
                                                            "TEST_WARNINGS_OUTPUT_FILE"};
constexpr std::array<std::string_view, 3> kFolderVariables = {
    "GCOV_PREFIX", "TEST_UNDECLARED_OUTPUTS_DIR", "TEST_UNDECLARED_OUTPUTS_ANNOTATIONS_DIR"};

// The value of "NAME=value" or nullopt.
std::optional<std::string_view> value_of(std::string_view argument, std::string_view name) {
  if (!argument.starts_with(name) || argument.substr(name.size(), 1) != "=") return std::nullopt;
  return argument.substr(name.size() + 1);
}

class OutputFinder {
 public:
  OutputFinder(const std::vector<std::string>& command, const std::vector<std::string>& environment,
               const std::string& cwd, const std::vector<std::string>& protected_folders)
      : command_(command), environment_(environment), cwd_(cwd), protected_(protected_folders) {}

  DeclaredOutputs find() {
    add_gtest();
    add_benchmark();
    add_catch();
    add_profile();
    for (std::string_view name : kFileVariables) add_file(value(name), name);
    add_removable_file("TEST_PREMATURE_EXIT_FILE");
    for (std::string_view name : kFolderVariables) add_folder(value(name), name);
    drop_inner();
    return std::move(found_);
  }

 private:
  // GoogleTest takes its last --gtest_output, else GTEST_OUTPUT.
  void add_gtest() {
    std::optional<std::string_view> wanted;
    for (std::string_view argument : command_) {
      if (const auto given = value_of(argument, "--gtest_output")) wanted = given;
    }
    if (wanted) return add_gtest_value(*wanted, "--gtest_output");
    add_gtest_value(value("GTEST_OUTPUT"), "GTEST_OUTPUT");
  }

  void add_gtest_value(std::string_view wanted, std::string_view why) {
    const std::string format{wanted.substr(0, wanted.find(':'))};
    if (format != "xml" && format != "json") return;
    const std::string_view path = wanted.substr(std::min(wanted.size(), format.size() + 1));
    if (path.ends_with('/')) return add_folder(path, why);
    add_file(path.empty() ? "test_detail." + format : path, why);
  }

  void add_benchmark() {
    for (std::string_view argument : command_) {
      add_file(value_of(argument, "--benchmark_out").value_or(""), "--benchmark_out");
    }
  }

  // -o means too many things elsewhere to be believed without a reporter before it.
  void add_catch() {
    bool reporter = false;
    for (size_t i = 1; i < command_.size(); ++i) {
      const std::string_view argument = command_[i];
      const bool names_file = argument == "-o" || argument == "--out";
      if (names_file && reporter && i + 1 < command_.size())
        add_catch_file(command_[++i], argument);
      for (std::string_view option : {"-o", "--out"}) {
        const auto given = value_of(argument, option);
        if (given && reporter) add_catch_file(*given, option);
      }
      for (std::string_view option : {"-r", "--reporter"}) {
        reporter = reporter || argument == option || value_of(argument, option);
      }
    }
  }

  // "-" and "%stdout" are no files.
  void add_catch_file(std::string_view path, std::string_view why) {
    if (path != "-" && !path.starts_with('%')) add_file(path, why);
  }

  // A pattern with % makes names that are not known yet (clang's source-based code coverage).
  void add_profile() {
    constexpr std::string_view name = "LLVM_PROFILE_FILE";
    const std::string_view pattern = value(name);
    const size_t percent = pattern.find('%');
    if (percent == std::string_view::npos) return add_file(pattern, name);
    const std::string_view known = pattern.substr(0, percent);
    const size_t slash = known.rfind('/');
    const bool temporary = pattern.starts_with("%t");  // TMPDIR, which is gone afterwards
    if (temporary) {
      warn("LLVM_PROFILE_FILE=" + std::string{pattern} +
           " lies in the sandbox's own TMPDIR and is lost");
    } else {
      add_folder(slash == std::string_view::npos ? "." : known.substr(0, slash + 1), name);
    }
  }

  // A test of before may have planted it: where it leads must not become writable.
  static bool is_symlink(const std::string& path) {
    struct stat found {};
    return ::lstat(path.c_str(), &found) == 0 && S_ISLNK(found.st_mode);
  }

  void add_file(std::string_view path, std::string_view why) {
    if (path.empty()) return;
    const bool device = path.starts_with("/dev/") || path.starts_with("/proc/");
    if (!device && is_symlink(absolute_path(path, cwd_))) {
      return warn(std::string{why} + ": " + std::string{path} +
                  " is a symlink, which is not made writable");
    }
    const std::string real = walk_path(absolute_path(path, cwd_)).real;
    if (is_within(real, "/dev") && !is_within(real, "/dev/shm")) return;
    if (is_within(real, "/proc")) return;
    // "/proc/self/fd/7" of memory, or of a file that is gone: what it reads like is no path.
    if (device && path_kind(real) == PathKind::missing) return;
    if (path_kind(real) == PathKind::folder) {
      return warn(std::string{why} + " names a folder, not a file: " + std::string{path});
    }
    add({real, false, std::string{why}});
  }

  // The test removes it when it ends well, and only its folder lets it: a file that is bound cannot
  // be removed.
  void add_removable_file(std::string_view name) {
    if (value(name).empty()) return;
    const std::string real = walk_path(absolute_path(value(name), cwd_)).real;
    const std::string folder = real.substr(0, std::max<size_t>(real.rfind('/'), 1));
    const bool possible = path_kind(folder) == PathKind::folder && refuse_folder(folder).empty();
    if (possible) return add({folder, true, std::string{name}});
    add_file(value(name), name);
    warn(std::string{name} + ": " + std::string{value(name)} +
         " stays behind also after a good end; name one in a folder of its own");
  }

  void add_folder(std::string_view path, std::string_view why) {
    if (path.empty()) return;
    const std::string real = walk_path(absolute_path(path, cwd_)).real;
    const std::string refusal = refuse_folder(real);
    if (!refusal.empty()) {
      return warn(std::string{why} + ": " + std::string{path} +
                  " cannot be made writable, since it " + refusal + "; name a folder below it");
    }
    if (path_kind(real) == PathKind::file) {
      return warn(std::string{why} + " names a file, not a folder: " + std::string{path});
    }
    add({real, true, std::string{why}});
  }

  // Writable, it or a folder around it would let the test change what it is, or reach the host.
  std::string refuse_folder(const std::string& real) const {
    const bool holds_protected =
        is_within(walk_path(cwd_).real, real) ||
        std::any_of(protected_.begin(), protected_.end(),
                    [&](const std::string& folder) { return is_within(folder, real); });
    if (holds_protected) return "holds the project or the program";
    const std::string home{value("HOME")};
    return HiddenPlaces{fresh_places(home), {}, home}.refusal(real);
  }

  void add(DeclaredOutput output) {
    auto& outputs = found_.outputs;
    const bool again = std::any_of(outputs.begin(), outputs.end(),
                                   [&](const auto& other) { return other.path == output.path; });
    if (!again) outputs.push_back(std::move(output));
  }

  void drop_inner() {
    const std::vector<DeclaredOutput> all = found_.outputs;
    std::erase_if(found_.outputs, [&](const DeclaredOutput& output) {
      return std::any_of(all.begin(), all.end(), [&](const DeclaredOutput& other) {
        return other.directory && other.path != output.path && is_within(output.path, other.path);
      });
    });
  }

  void warn(std::string words) { found_.warnings.push_back(std::move(words)); }

  std::string_view value(std::string_view name) const {
    return variable(environment_, name).value_or("");
  }

  const std::vector<std::string>& command_;
  const std::vector<std::string>& environment_;
  const std::string& cwd_;
  const std::vector<std::string>& protected_;
  DeclaredOutputs found_;
};

}  // namespace

DeclaredOutputs find_declared_outputs(const std::vector<std::string>& command,
                                      const std::vector<std::string>& environment,
                                      const std::string& cwd,
                                      const std::vector<std::string>& protected_folders) {
  return OutputFinder{command, environment, cwd, protected_folders}.find();
}

}  // namespace sandbox
