#include "supervise/loading.h"

#include <sys/wait.h>

#include "rootfs/missing_library.h"
#include "rootfs/paths.h"
#include "sys/files.h"

namespace sandbox {
namespace {

constexpr int kNotLoaded = 127;  // ld.so's own exit code, as a shell's for a program not found

// The mount that lies closest above a path decides.
bool is_shown(const Plan& plan, const std::string& path) {
  if (!plan.isolated) return true;
  const MountRecord* closest = nullptr;
  for (const MountRecord& mount : plan.mounts) {
    if (!is_within(path, mount.destination)) continue;
    if (!closest || mount.destination.size() >= closest->destination.size()) closest = &mount;
  }
  return closest && !closest->source.empty();
}

std::vector<std::string> library_path(const Plan& plan, const std::string& cwd) {
  std::vector<std::string> folders;
  const std::string_view value = variable(plan.environment, "LD_LIBRARY_PATH").value_or("");
  for (const std::string_view part : split(value, ':')) {
    for (const std::string_view folder : split(part, ';')) {
      folders.push_back(absolute_path(folder, cwd));
    }
  }
  return folders;
}

}  // namespace

void explain_loading(Facts& facts, const Host& host, const Plan& plan) {
  const int status = facts.wait_status.value_or(0);
  if (!facts.exec_reached || !WIFEXITED(status) || WEXITSTATUS(status) != kNotLoaded) return;
  const auto program = read_executable(host.program);
  if (!program || program->kind != Executable::Kind::elf || program->interpreter.empty()) return;
  const auto missing = find_missing_library(
      *program, {library_path(plan, host.cwd), host.cwd,
                 [&](const std::string& path) { return is_shown(plan, path); }});
  if (!missing) return;
  facts.missing_library = missing->name;
  facts.hidden_folder = missing->folder;
}

}  // namespace sandbox
