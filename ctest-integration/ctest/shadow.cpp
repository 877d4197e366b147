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

constexpr std::string_view kOurs = "# Written by sandbox-ctest";

constexpr std::array kOfTheTree = {"Testing", "CTestCustom.cmake", "CTestCustom.ctest",
                                   "CTestCustom.txt"};

// A test is known by its name, and by how many of that name came before. One that was not listed
// (the tree has changed meanwhile, or a CTestCustom.cmake ignores it) never runs bare. An argument
// is written as a bracket argument, which nothing in it can end.
constexpr const char* kAddTest = R"cmake(
function(add_test)
  set(named 0)
  set(name "${ARGV0}")
  if(name STREQUAL "NAME" AND ARGV2 STREQUAL "COMMAND")
    set(named 2)
    set(name "${ARGV1}")
  endif()
  get_property(count GLOBAL PROPERTY "sandbox_count ${name}")
  math(EXPR count "0${count} + 1")
  set_property(GLOBAL PROPERTY "sandbox_count ${name}" ${count})
  get_property(launcher GLOBAL PROPERTY "sandbox_launcher ${count} ${name}")
  if(launcher STREQUAL "")
    _add_test("${name}" "${CMAKE_COMMAND}" -E echo "sandbox-ctest: this test was not listed: the build tree has changed, or its configuration is another (-C)")
    set_tests_properties("${name}" PROPERTIES WILL_FAIL TRUE)
    return()
  endif()
  get_property(program GLOBAL PROPERTY "sandbox_program ${count} ${name}")
  math(EXPR first "${named} + 2")
  if(program STREQUAL "")
    math(EXPR first "${named} + 1")
  endif()
  set(words "")
  math(EXPR last "${ARGC} - 1")
  if(NOT first GREATER last)
    foreach(i RANGE ${first} ${last})
      string(LENGTH "${ARGV${i}}" size)
      set(ends "=")
      string(FIND "${ARGV${i}}]${ends}]" "]${ends}]" found)
      while(found LESS size)
        string(APPEND ends "=")
        string(FIND "${ARGV${i}}]${ends}]" "]${ends}]" found)
      endwhile()
      string(APPEND words " [${ends}[\n${ARGV${i}}]${ends}]")
    endforeach()
  endif()
  cmake_language(EVAL CODE "_add_test(\"\${name}\" ${launcher} ${program} ${words})")
endfunction()
)cmake";

// Nothing in `text` can end it.
std::string bracketed(const std::string& text) {
  std::string equals = "=";
  while ((text + "]" + equals + "]").find("]" + equals + "]") < text.size()) equals += '=';
  return "[" + equals + "[\n" + text + "]" + equals + "]";
}

std::string bracketed(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + bracketed(word);
  return text;
}

std::string set_property(const std::string& name, const std::string& value) {
  return "set_property(GLOBAL PROPERTY " + bracketed(name) + " " + bracketed(value) + ")\n";
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
  std::vector<std::string> skipping;
  for (std::size_t i = 0; i < tests.size(); ++i) {
    if (arranged.tests[i].skips) skipping.push_back(tests[i].name);
  }
  if (!skipping.empty())
    text += "set_tests_properties(" + bracketed(skipping) + " PROPERTIES SKIP_RETURN_CODE 77)\n";
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

// Of an earlier run; what is somebody else's stays.
void remove_own(const std::string& folder) {
  struct stat found {};
  if (::lstat(folder.c_str(), &found) != 0) return;
  const std::string text = read_file(folder + "/CTestTestfile.cmake").value_or("");
  if (!S_ISDIR(found.st_mode) || !text.starts_with(kOurs))
    throw Error{folder + " is in the way: sandbox-ctest has not made it", 0,
                "--report-dir names another place"};
  std::error_code error;
  std::filesystem::remove_all(folder, error);
  if (error) throw Error{"cannot remove " + folder, error.value()};
}

}  // namespace

std::string shadow_test_file(const BuildFolders& tree, const std::vector<ListedTest>& tests,
                             const Arranged& arranged) {
  std::string text = std::string{kOurs} + " for " + tree.build + "\n";
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < tests.size(); ++i) {
    const std::string key = std::to_string(++seen[tests[i].name]) + " " + tests[i].name;
    const Arrangement& test = arranged.tests[i];
    text += set_property("sandbox_launcher " + key, bracketed(test.launcher));
    if (!test.program.empty())
      text += set_property("sandbox_program " + key, bracketed(test.program));
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
  remove_own(folder);
  make_folder(folder);
  make_folder(tree.build + "/Testing/Temporary");
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
