// Which places are hidden from the test, and which folders must never be shown to it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sandbox {

// The places that hold nothing of the host inside: one fresh tmpfs.
// $HOME, /root, /home, /tmp, /var/tmp, /run, /dev/shm, by their real paths (on some systems /home
// or /tmp is a symlink); those that do not exist here, duplicates and those within another are left
// out. A HOME that is /, /var or part of the system (/usr/sbin, /dev, …) is not hidden.
std::vector<std::string> fresh_places(const std::string& home);

class HiddenPlaces {
 public:
  // `covered`: folders that are shown whatever lies around them. `home` may be empty or not exist.
  HiddenPlaces(std::vector<std::string> fresh, std::vector<std::string> covered,
               const std::string& home);

  // Whether `path` (real) lies in a fresh place and in no covered folder.
  bool hides(std::string_view path) const;
  bool is_fresh(std::string_view path) const;  // lies in a fresh place

  // Why a folder cannot be shown as a whole, put after its name ("is the home folder"); empty: it
  // can. /, $HOME, ~/.local, fresh places, their ancestors, another user's home, /run/user/UID.
  std::string refusal(const std::string& folder) const;

  // Whether `path` lies in a place for keys and passwords (.ssh .gnupg .aws .kube .docker .netrc
  // .git-credentials .config/gh anywhere; a few more below $HOME), or in what such a symlink of
  // $HOME leads to.
  bool lies_in_secret(std::string_view path) const;
  // Whether one of $HOME's lies in `folder`, or `folder` looks like a home itself (.ssh, .gnupg).
  bool holds_secret(const std::string& folder) const;
  // Whether any such name lies directly in `folder`: dearer, for what a user names by hand.
  bool holds_secret_name(const std::string& folder) const;

  const std::string& home() const { return home_; }  // real path; empty when there is none

 private:
  const std::vector<std::string>& linked_secrets() const;

  std::vector<std::string> fresh_;
  std::vector<std::string> covered_;
  std::string home_;
  // Where symlinks in $HOME lead; found at first use, since most runs never ask.
  mutable std::optional<std::vector<std::string>> linked_secrets_;
};

}  // namespace sandbox
