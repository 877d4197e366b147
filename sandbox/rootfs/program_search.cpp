#include "rootfs/program_search.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "rootfs/needs.h"
#include "rootfs/paths.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sandbox {
namespace {

constexpr int kNotFound = 127;
constexpr int kNotExecutable = 126;
constexpr std::string_view kDefaultPath = "/bin:/usr/bin";  // confstr(_CS_PATH), as glibc's execvp

Error not_found(const std::string& words) {
  return Error{words, 0, {}, kNotFound};
}

Error not_executable(const std::string& words, int error = 0, const std::string& hint = {}) {
  return Error{words, error, hint, kNotExecutable};
}

bool may_execute(const std::string& path) {
  return ::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0;
}

// Unlike split(), keeps the empty entry after a final colon, which means cwd too.
std::vector<std::string> path_folders(const std::vector<std::string>& environment,
                                      const std::string& cwd) {
  std::string_view rest = variable(environment, "PATH").value_or(kDefaultPath);
  std::vector<std::string> folders;
  for (;;) {
    const size_t colon = rest.find(':');
    folders.push_back(absolute_path(rest.substr(0, colon), cwd));
    if (colon == std::string_view::npos) return folders;
    rest.remove_prefix(colon + 1);
  }
}

struct Search {
  std::string executable{};  // the first that can be executed
  std::string refused{};     // the first file that was found and cannot
};

Search search(const std::string& name, const std::string& cwd,
              const std::vector<std::string>& environment) {
  Search result;
  for (const std::string& folder : path_folders(environment, cwd)) {
    std::string candidate = absolute_path(name, folder);
    const bool may = may_execute(candidate);
    if (!may && errno != EACCES) continue;
    if (path_kind(candidate) != PathKind::file) continue;
    if (may) {
      result.executable = std::move(candidate);
      return result;
    }
    if (result.refused.empty()) result.refused = std::move(candidate);
  }
  return result;
}

Error no_permission(const std::string& words, const std::string& path) {
  struct statvfs place {};
  if (::statvfs(path.c_str(), &place) == 0 && (place.f_flag & ST_NOEXEC)) {
    return not_executable(words + " lies on a file system that is mounted noexec");
  }
  return not_executable(words + " has no execute permission", 0, "chmod +x " + words);
}

std::string search_or_throw(const std::string& name, const std::string& cwd,
                            const std::vector<std::string>& environment) {
  Search result = search(name, cwd, environment);
  if (!result.executable.empty()) return std::move(result.executable);
  if (!result.refused.empty()) throw no_permission(result.refused, result.refused);
  std::string words = name + " is not in PATH";
  if (!variable(environment, "PATH")) words += " (PATH is not set)";
  if (path_kind(absolute_path(name, cwd)) == PathKind::file) words += "; ./" + name + " exists";
  throw not_found(words);
}

Error unreachable(const std::string& words, const std::string& path, int error) {
  if (error != ENOENT && error != ENOTDIR) return not_executable("cannot reach " + words, error);
  char target[4096];
  const ssize_t size = ::readlink(path.c_str(), target, sizeof target);
  if (size < 0) return not_found(words + " does not exist");
  return not_found(words + " is a symlink to " + std::string(target, static_cast<size_t>(size)) +
                   ", which does not exist");
}

void check_permission(const std::string& words, const std::string& path) {
  if (::faccessat(AT_FDCWD, path.c_str(), F_OK, AT_EACCESS) != 0) {
    throw unreachable(words, path, errno);
  }
  const PathKind kind = path_kind(path);
  if (kind == PathKind::folder) throw not_executable(words + " is a directory");
  if (kind == PathKind::other) throw not_executable(words + " is not a regular file");
  if (!may_execute(path)) throw no_permission(words, path);
}

void check_script(const std::string& words, const Executable& script, const std::string& cwd) {
  const std::string& interpreter = script.interpreter;
  if (interpreter.empty())
    throw not_executable("the \"#!\" line of " + words + " names no interpreter");
  if (path_kind(absolute_path(interpreter, cwd)) != PathKind::missing) return;
  if (interpreter.ends_with('\r')) {
    throw not_executable("the \"#!\" line of " + words + " ends in a carriage return", 0,
                         "sed -i 's/\\r$//' " + words);
  }
  throw not_executable("the interpreter of " + words + " does not exist: " + interpreter);
}

void check_loader(const std::string& words, const Executable& program, const std::string& cwd) {
  const std::string& loader = program.interpreter;
  if (loader.empty() || path_kind(absolute_path(loader, cwd)) != PathKind::missing) return;
  throw not_executable("the loader of " + words + " does not exist: " + loader, 0,
                       "it was built for another C library or another architecture");
}

// execvp would hand a text without "#!" to /bin/sh; execve does not. A binary of a foreign kind is
// left to the kernel, which may know a handler for it (binfmt_misc).
void check_foreign(const std::string& words, const std::string& path) {
  const std::optional<std::string> content = read_file(path);
  if (!content) return;
  if (content->empty()) throw not_executable(words + " is empty");
  if (content->substr(0, 256).find('\0') != std::string::npos) return;
  throw not_executable(words + " is a script without a \"#!\" line", 0,
                       "let its first line name its interpreter: #!/bin/sh");
}

// What execve would answer with a bare ENOENT or ENOEXEC.
void check_format(const std::string& words, const std::string& path, const std::string& cwd) {
  const std::optional<Executable> file = read_executable(path);
  if (!file) return;  // may be executed, but not read
  switch (file->kind) {
    case Executable::Kind::elf:
      return check_loader(words, *file, cwd);
    case Executable::Kind::script:
      return check_script(words, *file, cwd);
    case Executable::Kind::other:
      return check_foreign(words, path);
  }
}

}  // namespace

std::optional<std::string> search_in_path(const std::string& name, const std::string& cwd,
                                          const std::vector<std::string>& environment) {
  Search result = search(name, cwd, environment);
  if (result.executable.empty()) return std::nullopt;
  return std::move(result.executable);
}

std::string program_named_to_env(const Executable& script) {
  if (base_name(script.interpreter) != "env") return {};
  for (std::string_view word : split(script.interpreter_argument, ' ')) {
    const bool assignment = word.find('=') != std::string_view::npos;
    if (!word.empty() && !word.starts_with('-') && !assignment) return std::string{word};
  }
  return {};
}

std::string find_program(const std::string& name, const std::string& cwd,
                         const std::vector<std::string>& environment) {
  if (name.empty()) throw not_found("the program's name is empty");
  const bool searched = name.find('/') == std::string::npos;
  std::string path = searched ? search_or_throw(name, cwd, environment) : absolute_path(name, cwd);
  if (!searched) check_permission(name, path);
  check_format(name, path, cwd);
  return path;
}

}  // namespace sandbox
