#include "cli/own_policy.h"

#include "policy/paths.h"
#include "policy/words.h"

namespace sandbox {
namespace {

constexpr const char* kFileName = "/.sandbox.json";

bool is_trusted(uid_t owner, const World& world) {
  return owner == world.user() || owner == 0 || owner == world.look(world.cwd()).owner;
}

// For root it could lift every wall between its owner and root: only root's own is taken unasked,
// and that of the person behind sudo(8), who may become root anyway.
bool may_be_read_unasked(uid_t owner, const World& world) {
  if (world.user() != 0) return is_trusted(owner, world);
  return owner == 0 || world.variable("SUDO_UID") == std::to_string(owner);
}

bool is_work_tree(const std::string& folder, const World& world) {
  const FileFacts git = world.look(folder + "/.git");
  const bool exists = git.kind == FileKind::directory || git.kind == FileKind::file;
  return exists && is_trusted(git.owner, world);
}

std::string outermost_work_tree(const World& world) {
  const std::string home = world.variable("HOME").value_or("");
  std::string outermost;
  for (std::string folder = world.cwd(); !folder.empty(); folder.resize(folder.rfind('/')))
    if (folder != home && folder != "/" && is_work_tree(folder, world)) outermost = folder;
  return outermost;
}

}  // namespace

std::string own_policy_file(const World& world) {
  const std::string named = world.variable("SANDBOX_POLICY").value_or("");
  if (!named.empty())
    return in_words("SANDBOX_POLICY", [&] { return host_path(named, world.cwd(), world); });
  const std::string tree = outermost_work_tree(world);
  if (tree.empty()) return {};
  std::string file = tree + kFileName;
  const FileFacts facts = world.look(file);
  if (facts.kind == FileKind::missing) return {};
  if (facts.kind == FileKind::other) refuse(file, "not a regular file");
  if (facts.kind == FileKind::file && !may_be_read_unasked(facts.owner, world))
    refuse(file, "belongs to another user (" + std::to_string(facts.owner) + ")",
           "to use it all the same: SANDBOX_POLICY=" + file);
  return file;
}

}  // namespace sandbox
