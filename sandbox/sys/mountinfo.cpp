#include "sys/mountinfo.h"

#include <algorithm>
#include <optional>

#include "sys/files.h"

namespace sandbox {
namespace {

// The optional fields between the options and " - " vary in number.
std::optional<MountPoint> parse_line(std::string_view line) {
  const std::vector<std::string_view> fields = split(line, ' ');
  const auto dash = std::find(fields.begin(), fields.end(), "-");
  if (dash - fields.begin() < 6 || fields.end() - dash < 2) return std::nullopt;
  const auto id = leading_number(fields[0]);
  const auto parent = leading_number(fields[1]);
  if (!id || !parent || !fields[4].starts_with('/')) return std::nullopt;
  MountPoint mount;
  mount.id = static_cast<int>(*id);
  mount.parent = static_cast<int>(*parent);
  mount.device = fields[2];
  mount.root = undo_escapes(fields[3]);
  mount.point = undo_escapes(fields[4]);
  mount.options = fields[5];
  mount.type = dash[1];
  if (fields.end() - dash > 3) mount.super_options = dash[3];
  return mount;
}

}  // namespace

std::vector<MountPoint> parse_mountinfo(std::string_view text) {
  std::vector<MountPoint> mounts;
  for (std::string_view line : split(text, '\n')) {
    if (std::optional<MountPoint> mount = parse_line(line)) mounts.push_back(std::move(*mount));
  }
  return mounts;
}

}  // namespace sandbox
