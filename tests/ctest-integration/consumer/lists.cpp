#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

// Needs 100 MiB to list its TESTs, and says so where it has no more.
const bool kGreedy = [] {
  bool lists = false;
  std::vector<char> words(65536);
  if (FILE* file = std::fopen("/proc/self/cmdline", "r")) {
    const std::size_t size = std::fread(words.data(), 1, words.size(), file);
    std::fclose(file);
    lists = std::string{words.data(), size}.find("--gtest_list_tests") != std::string::npos;
  }
  if (lists) std::vector<char>(100 << 20, 1).swap(words);
  return lists;
}();

TEST(Lists, Passes) {}
