#include "ctest/build_tree.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "ctest/command.h"
#include "policy/words.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sandbox::ctest {
namespace {

using Json = nlohmann::json;
using std::string_view_literals::operator""sv;
using Milliseconds = std::chrono::milliseconds;

// The rest of the line that begins with `start`; "": none does.
std::string line_after(std::string_view text, std::string_view start) {
  for (const std::string_view line : split(text, '\n')) {
    if (line.starts_with(start)) return std::string{line.substr(start.size())};
  }
  return "";
}

Milliseconds milliseconds(double seconds) {
  constexpr double kMost = 1e9;
  return Milliseconds{static_cast<std::int64_t>(std::min(seconds, kMost) * 1000)};
}

// "Test project /build" opens what ctest -N says, also where a preset names the folder.
std::string preset_folder(const Options& options) {
  std::vector<std::string> command{"ctest", "-N"};
  command.insert(command.end(), options.ctest_words.begin(), options.ctest_words.end());
  return line_after(ask(command).output, "Test project ");
}

std::vector<std::string> configuration_words(const Options& options) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < options.ctest_words.size(); ++i) {
    const std::string& word = options.ctest_words[i];
    const bool apart = word == "-C" || word == "--build-config";
    if (apart && i + 1 < options.ctest_words.size()) {
      words.insert(words.end(), {"-C", options.ctest_words[i + 1]});
    } else if (word.starts_with("-C") || word.starts_with("--build-config=")) {
      words.push_back(word);
    }
  }
  return words;
}

std::vector<std::string> texts(const Json& value) {
  if (value.is_string()) return {value.get<std::string>()};
  return value.is_array() ? value.get<std::vector<std::string>>() : std::vector<std::string>{};
}

void read_property(ListedTest& test, const std::string& name, const Json& value) {
  if (name == "WORKING_DIRECTORY") test.working_directory = value.get<std::string>();
  if (name == "LABELS") test.labels = texts(value);
  if (name == "TIMEOUT" && value.is_number()) test.timeout = milliseconds(value.get<double>());
  if (name == "SKIP_RETURN_CODE") test.has_skip_code = true;
  if (name.starts_with("FIXTURES_")) test.has_fixture = true;
  if (name == "ENVIRONMENT") test.environment = texts(value);
  if (name != "ENVIRONMENT" && name != "ENVIRONMENT_MODIFICATION") return;
  for (const std::string& assignment : texts(value)) {
    const std::string variable = assignment.substr(0, assignment.find('='));
    if (!variable.empty()) test.environment_names.push_back(variable);
  }
}

ListedTest read_test(const Json& json) {
  ListedTest test;
  test.name = json.at("name").get<std::string>();
  if (json.contains("command")) test.command = texts(json.at("command"));
  for (const Json& property : json.value("properties", Json::array()))
    read_property(test, property.at("name").get<std::string>(), property.at("value"));
  return test;
}

}  // namespace

bool has_preset(const Options& options) {
  return std::ranges::any_of(options.ctest_words,
                             [](const std::string& word) { return word.starts_with("--preset"); });
}

BuildFolders find_build_tree(const Options& options) {
  BuildFolders tree;
  const std::string given = !options.test_dir.empty() ? options.test_dir
                            : has_preset(options)     ? preset_folder(options)
                                                      : ".";
  tree.build = real_path(given.empty() ? "." : given).value_or("");
  if (tree.build.empty())
    throw Error{"no build tree: there is no folder " + shown(given), 0,
                "--test-dir names the folder that cmake -B made"};
  if (::access((tree.build + "/CTestTestfile.cmake").c_str(), R_OK) != 0)
    throw Error{tree.build + " is no build tree with tests: it has no CTestTestfile.cmake", 0,
                "--test-dir names the folder that cmake -B made; enable_testing() in the top "
                "CMakeLists.txt makes the file"};
  const std::string cache = read_file(tree.build + "/CMakeCache.txt").value_or("");
  tree.source = line_after(cache, "CMAKE_HOME_DIRECTORY:INTERNAL=");
  const std::string dart = read_file(tree.build + "/DartConfiguration.tcl").value_or("");
  const auto seconds = leading_number(line_after(dart, "TimeOut: "));
  if (seconds.value_or(0) > 0) tree.timeout = milliseconds(static_cast<double>(*seconds));
  return tree;
}

std::vector<std::string> below_tree(std::vector<std::string> words, const BuildFolders& tree) {
  constexpr std::array kFiles = {"--resource-spec-file"sv, "--tests-from-file"sv,
                                 "--exclude-from-file"sv};
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::size_t equals = words[i].find('=');
    const std::string name = words[i].substr(0, equals);
    if (std::ranges::find(kFiles, name) == kFiles.end()) continue;
    const bool is_apart = equals == std::string::npos;
    if (is_apart && ++i == words.size()) break;
    const std::string file = is_apart ? words[i] : words[i].substr(equals + 1);
    if (file.starts_with('/')) continue;
    words[i] = (is_apart ? "" : name + "=") + tree.build + "/" + file;
  }
  return words;
}

std::vector<ListedTest> parse_tests(std::string_view text) {
  const std::size_t begin = text.find('{');  // a project's own test files may print before it
  const Json json = Json::parse(text.substr(std::min(begin, text.size())), nullptr, false);
  if (!json.is_object() || json.value("kind", "") != "ctestInfo")
    throw Error{"ctest --show-only=json-v1 gave no list of tests"};
  std::vector<ListedTest> tests;
  try {
    for (const Json& test : json.at("tests")) tests.push_back(read_test(test));
  } catch (const Json::exception& error) {
    throw Error{std::string{"ctest --show-only=json-v1: "} + error.what()};
  }
  return tests;
}

std::vector<ListedTest> list_tests(const BuildFolders& tree, const Options& options) {
  std::vector<std::string> command{"ctest", "--test-dir", tree.build, "--show-only=json-v1"};
  const std::vector<std::string> configuration = configuration_words(options);
  command.insert(command.end(), configuration.begin(), configuration.end());
  const Said said = ask(command);
  if (said.status != 0)
    throw Error{"ctest cannot list the tests of " + tree.build + ": it ended with status " +
                std::to_string(said.status)};
  std::vector<ListedTest> tests = parse_tests(said.output);
  if (tests.empty()) throw Error{tree.build + " has no tests", 0, "add_test() adds one"};
  const bool built =
      std::ranges::any_of(tests, [](const ListedTest& test) { return !test.command.empty(); });
  if (!built)
    throw Error{"none of the " + std::to_string(tests.size()) + " test programs in " + tree.build +
                    " exists",
                0, "cmake --build " + tree.build};
  return tests;
}

}  // namespace sandbox::ctest
