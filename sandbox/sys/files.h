// Small whole-file reads and writes, for /proc, /sys and cgroup files.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sys/unique_fd.h"

namespace sandbox {

// The whole file, or nullopt with errno set. `at` is a directory fd or AT_FDCWD.
std::optional<std::string> read_file_at(int at, const char* path);
std::optional<std::string> read_file(const std::string& path);

// The names of the folders in a folder; none where it cannot be read.
std::vector<std::string> subfolders(int at, const char* path);

// One write(2) of all of `content`, as cgroup and proc files want. Returns 0 or errno.
int write_file_at(int at, const char* path, std::string_view content);

// Whether all of `content` was written, retrying short writes. errno is set on failure.
bool write_all(int fd, std::string_view content);

// Splits at `separator`; empty pieces are kept, except one after a final separator.
std::vector<std::string_view> split(std::string_view text, char separator);
template <std::same_as<std::string> Temporary>
std::vector<std::string_view> split(Temporary&& text, char separator) = delete;  // they would dangle

// "\040" and the like, as the kernel writes blanks and backslashes in its lists (proc(5)).
std::string undo_escapes(std::string_view text);

// The decimal number at the start of `text` (blanks before it skipped); nullopt where there is
// none.
std::optional<unsigned long long> leading_number(std::string_view text);

// The number after "key " at the start of a line, as in memory.stat.
std::optional<unsigned long long> keyed_number(std::string_view text, std::string_view key);

// `name` with all symlinks resolved, or nullopt with errno set.
std::optional<std::string> real_path(const std::string& name);

// What follows the last '/': "b" for "/a/b" and for "b".
std::string base_name(std::string_view path);

// Whether `path` is `ancestor` or lies below it; both absolute and normal.
bool is_within(std::string_view path, std::string_view ancestor);

}  // namespace sandbox
