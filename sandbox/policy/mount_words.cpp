#include "policy/mount_words.h"

#include <algorithm>

#include "policy/paths.h"
#include "policy/units.h"
#include "policy/words.h"

namespace sandbox {
namespace {

struct MountWords {
  std::string source{};
  std::string destination{};
};

bool is_access_word(const std::string& word) {
  return word == "ro" || word == "rw";
}

// "SRC:DST:ro" and "SRC:ro" are what docker users write.
[[noreturn]] void refuse_access_word(const std::string& value) {
  const std::size_t colon = value.rfind(':');
  const std::string option = value.substr(colon + 1) == "ro" ? "--ro-bind " : "--bind ";
  refuse(value, "the option itself says whether it is read-only or writable",
         "write " + option + value.substr(0, colon));
}

MountWords split_mount(const std::string& value) {
  const std::size_t colon = value.find(':');
  if (colon == std::string::npos) return {value, value};
  if (is_access_word(value.substr(value.rfind(':') + 1))) refuse_access_word(value);
  MountWords words{value.substr(0, colon), value.substr(colon + 1)};
  if (words.destination.find(':') != std::string::npos)
    refuse(value, "more than one ':'", "a bind is written SRC or SRC:DST");
  if (words.source.empty() || words.destination.empty())
    refuse(value, "nothing stands on one side of the ':'", "a bind is written SRC or SRC:DST");
  return words;
}

std::string destination_path(const std::string& word, const std::string& value,
                             const Place& place) {
  const std::string hint = tilde_hint(word);
  if (!hint.empty()) refuse(value, shown(word) + " begins with a tilde", hint);
  std::string path = inside_path(word, place.base);
  if (path == "/") refuse(value, "it would replace the whole root");
  return path;
}

// Whether there is a source to show; refuses one that is missing, unless the kind allows that.
bool has_source(MountKind kind, const std::string& path, const std::string& word,
                const std::string& value, const World& world) {
  const bool optional = kind == MountKind::ro_bind_try;
  const FileFacts facts = world.look(path);
  const std::string source = word == value ? "it" : shown(word);
  switch (facts.kind) {
    case FileKind::missing:
      if (!optional) refuse(value, source + " does not exist", tilde_hint(word));
      return false;
    case FileKind::dangling_link:
      if (!optional) refuse(value, source + " is a symlink to something that does not exist");
      return false;
    case FileKind::unreachable:
      refuse(value, source + " cannot be looked at: " + errno_name(facts.error));
    case FileKind::file:
    case FileKind::directory:
    case FileKind::device:
    case FileKind::other:
      return true;
  }
  return true;
}

}  // namespace

std::optional<Mount> bind_mount(MountKind kind, const std::string& value, const Place& place) {
  if (value.empty()) refuse(value, "an empty path");
  const MountWords words = split_mount(value);
  const std::string source = host_path(words.source, place.base, place.world);
  if (!has_source(kind, source, words.source, value, place.world)) return std::nullopt;
  const bool same = words.source == words.destination;
  const std::string destination = destination_path(same ? source : words.destination, value, place);
  return Mount{kind, source, destination, std::nullopt, place.prefix + value};
}

Mount tmpfs_mount(const std::string& value, const Place& place) {
  const std::size_t colon = value.rfind(':');
  const std::string directory = value.substr(0, colon);
  if (directory.empty()) refuse(value, "an empty path", "it is written DIR or DIR:SIZE");
  Mount mount{MountKind::tmpfs, {}, {}, std::nullopt, place.prefix + value};
  mount.destination = destination_path(directory, value, place);
  if (colon != std::string::npos)
    mount.size = in_words(value, [&] { return parse_memory(value.substr(colon + 1)); });
  return mount;
}

Mount device_mount(const std::string& value, const Place& place) {
  if (value.empty()) refuse(value, "an empty path");
  const std::string path = host_path(value, place.base, place.world);
  has_source(MountKind::device, path, value, value, place.world);
  const FileKind kind = place.world.look(path).kind;
  if (kind != FileKind::device && kind != FileKind::directory)
    refuse(value, "not a device", "a file or folder is shown by --ro-bind or --bind");
  return Mount{MountKind::device, path, destination_path(path, value, place), std::nullopt,
               place.prefix + value};
}

}  // namespace sandbox
