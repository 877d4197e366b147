#include "ctest/shadow.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <map>

#include "sys/error.h"
#include "sys/files.h"
#include "sys/unique_fd.h"

namespace sandbox::ctest {
namespace {

constexpr std::array kOfTheTree = {"Testing", "CTestCustom.cmake", "CTestCustom.ctest",
                                   "CTestCustom.txt"};

// Which test it is, is known by its place among all: names may be there twice. An argument is
// written as a bracket argument, which nothing in it can end.
constexpr const char* kAddTest = R"cmake(
set_property(GLOBAL PROPERTY sandbox_at 0)
function(add_test)
  get_property(at GLOBAL PROPERTY sandbox_at)
  math(EXPR at "${at} + 1")
  set_property(GLOBAL PROPERTY sandbox_at ${at})
  set(skipped 0)
  set(name "${ARGV0}")
  if(name STREQUAL "NAME" AND ARGV2 STREQUAL "COMMAND")
    set(skipped 2)
    set(name "${ARGV1}")
  endif()
  get_property(expected GLOBAL PROPERTY sandbox_name_${at})
  if(NOT name STREQUAL expected)
    message(FATAL_ERROR "sandbox-ctest: test ${at} was \"${expected}\" and is now \"${name}\": the build tree has changed")
  endif()
  get_property(launcher GLOBAL PROPERTY sandbox_launcher_${at})
  if(launcher STREQUAL "")
    set(first 1)
  else()
    math(EXPR first "${skipped} + 2")
  endif()
  set(words "")
  math(EXPR last "${ARGC} - 1")
  if(NOT first GREATER last)
    foreach(i RANGE ${first} ${last})
      set(ends "=")
      string(FIND "${ARGV${i}}" "]${ends}]" found)
      while(NOT found EQUAL -1)
        string(APPEND ends "=")
        string(FIND "${ARGV${i}}" "]${ends}]" found)
      endwhile()
      string(APPEND words " [${ends}[\n${ARGV${i}}]${ends}]")
    endforeach()
  endif()
  if(launcher STREQUAL "")
    cmake_language(EVAL CODE "_add_test(\"\${ARGV0}\" ${words})")
  else()
    cmake_language(EVAL CODE "_add_test(\"\${name}\" ${launcher} ${words})")
  endif()
endfunction()
)cmake";

// Nothing in `text` can end it.
std::string bracketed(const std::string& text) {
  std::string equals = "=";
  while (text.find("]" + equals + "]") != std::string::npos) equals += '=';
  return "[" + equals + "[\n" + text + "]" + equals + "]";
}

std::string bracketed(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + bracketed(word);
  return text;
}

// After all others, so that these hold.
std::string limits(const std::vector<ListedTest>& tests, const Arranged& arranged) {
  std::map<std::chrono::seconds, std::vector<std::string>> names;
  for (std::size_t i = 0; i < tests.size(); ++i) {
    if (const auto timeout = arranged.tests[i].ctest_timeout)
      names[*timeout].push_back(tests[i].name);
  }
  std::string text =
      "set(asks \"\")\n"
      "if(NOT CMAKE_VERSION VERSION_LESS 3.27)\n"
      "  set(asks TIMEOUT_SIGNAL_NAME SIGTERM TIMEOUT_SIGNAL_GRACE_PERIOD 5)\n"
      "endif()\n";
  for (const auto& [timeout, each] : names)
    text += "set_tests_properties(" + bracketed(each) + " PROPERTIES TIMEOUT " +
            std::to_string(timeout.count()) + " ${asks})\n";
  return text;
}

void write_file(const std::string& path, const std::string& text) {
  const UniqueFd file{::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)};
  if (!file || !write_all(file.get(), text)) throw Error{"cannot write " + path, errno};
}

void make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw Error{"cannot make the folder " + path, error.value()};
}

}  // namespace

std::string shadow_test_file(const BuildFolders& tree, const std::vector<ListedTest>& tests,
                             const Arranged& arranged) {
  std::string text = "# Written by sandbox-ctest for " + tree.build + "\n";
  for (std::size_t i = 0; i < tests.size(); ++i) {
    const std::string at = std::to_string(i + 1);
    text += "set_property(GLOBAL PROPERTY sandbox_name_" + at + " " + bracketed(tests[i].name) +
            ")\nset_property(GLOBAL PROPERTY sandbox_launcher_" + at + " " +
            bracketed(bracketed(arranged.tests[i].launcher)) + ")\n";
  }
  return text + kAddTest + "subdirs(" + bracketed(tree.build) + ")\n" + limits(tests, arranged);
}

std::string shadow_configuration(const std::string& text, const std::string& folder) {
  std::string result;
  for (const std::string_view line : split(text, '\n'))
    result +=
        (line.starts_with("BuildDirectory:") ? "BuildDirectory: " + folder : std::string{line}) +
        "\n";
  return result;
}

void write_shadow(const std::string& folder, const BuildFolders& tree,
                  const std::vector<ListedTest>& tests, const Arranged& arranged) {
  std::error_code error;
  std::filesystem::remove_all(folder, error);
  make_folder(folder);
  make_folder(tree.build + "/Testing");
  for (const char* name : kOfTheTree) {
    const std::string own = tree.build + "/" + name;
    if (::access(own.c_str(), F_OK) != 0) continue;
    if (::symlink(own.c_str(), (folder + "/" + name).c_str()) != 0)
      throw Error{"cannot make a symlink in " + folder, errno};
  }
  if (const auto text = read_file(tree.build + "/DartConfiguration.tcl"))
    write_file(folder + "/DartConfiguration.tcl", shadow_configuration(*text, folder));
  write_file(folder + "/CTestTestfile.cmake", shadow_test_file(tree, tests, arranged));
}

}  // namespace sandbox::ctest
