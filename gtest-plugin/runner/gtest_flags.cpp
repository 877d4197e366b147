#include "runner/gtest_flags.h"

#include <algorithm>
#include <array>
#include <limits>

#include "policy/paths.h"
#include "policy/units.h"
#include "sys/files.h"

namespace sandbox::runner {
namespace {

// As gtest reads a flag that is a bool.
bool is_on(std::string_view value) {
  return !value.starts_with('0') && !value.starts_with('f') && !value.starts_with('F');
}

class FlagReader {
 public:
  FlagReader(Options& options, const World& world, Problems& problems)
      : options_(options), world_(world), problems_(problems) {}

  // The later of two wins, but for outputs: each is written.
  void take_argument(const std::string& flag) {
    const std::size_t equals = flag.find('=');
    const std::string name = flag.substr(0, equals);
    const bool has_value = equals != std::string::npos;
    const std::string value = has_value ? flag.substr(equals + 1) : "1";
    try {
      if (!obey(name, value)) options_.flags.push_back("--gtest_" + flag);
    } catch (const Error& error) {
      problems_.add("--gtest_" + name + "=", error);
    }
  }

  // GTEST_<NAME>, where no flag said it.
  void take_variable(const char* name, const char* flag) {
    const auto value = world_.variable(name);
    if (!value || value->empty()) return;
    const bool is_bool = std::string_view{flag} != "repeat" && std::string_view{flag} != "color";
    try {
      (void)obey(flag, is_bool && *value != "0" ? "1" : *value);  // as gtest reads a variable
    } catch (const Error& error) {
      problems_.add(std::string{name} + "=", error);
    }
  }

  void take_output_variable(const char* name, const std::string& prefix) {
    const auto value = world_.variable(name);
    if (options_.outputs.empty() && value && !value->empty()) add_output(prefix + *value);
  }

  void take_shards() {
    const auto count = world_.variable("GTEST_TOTAL_SHARDS");
    const auto index = world_.variable("GTEST_SHARD_INDEX");
    options_.shard_status_file = world_.variable("GTEST_SHARD_STATUS_FILE").value_or("");
    if (options_.shard.count > 1 || (!count && !index)) return;  // --shard wins
    try {
      options_.shard.count = static_cast<unsigned>(parse_number(count.value_or(""), 1, kMost));
      options_.shard.index =
          static_cast<unsigned>(parse_number(index.value_or(""), 0, options_.shard.count - 1));
    } catch (const Error& error) {
      problems_.add("GTEST_TOTAL_SHARDS and GTEST_SHARD_INDEX: ", error);
    }
  }

 private:
  static constexpr std::uint64_t kMost = 1'000'000;

  // false: the program's own business.
  bool obey(const std::string& name, const std::string& value) {
    if (name == "output") return add_output(value);
    if (name == "list_tests") return obey_list(value);
    if (name == "repeat") return obey_repeat(value);
    if (name == "color") return obey_color(value);
    if (name == "brief") {
      options_.brief = is_on(value);
      return true;
    }
    // gtest itself would call the others skipped.
    if (name == "fail_fast") {
      if (is_on(value)) options_.max_fail = 1;
      return true;
    }
    if (name == "also_run_disabled_tests") options_.also_disabled = is_on(value);
    return false;
  }

  // What gtest itself does with an empty name and with a folder.
  bool add_output(const std::string& value) {
    const std::string format = value.substr(0, value.find(':'));
    if (format != "xml" && format != "json") refuse(value, "not xml:FILE or json:FILE");
    GtestOutput output;
    output.format = format == "xml" ? GtestOutput::Format::xml : GtestOutput::Format::json;
    std::string path = value.size() > format.size() ? value.substr(format.size() + 1) : "";
    if (path.empty()) path = "test_detail." + format;
    if (path.ends_with('/')) path += base_name(options_.policy.command.front()) + "." + format;
    output.path = path.starts_with('/') ? path : world_.cwd() + "/" + path;
    options_.outputs.push_back(std::move(output));
    return true;
  }

  bool obey_list(const std::string& value) {
    if (is_on(value)) options_.action = Options::Action::list;
    return true;
  }

  bool obey_repeat(const std::string& value) {
    if (value.starts_with('-'))
      refuse(value, "a run without end has no result", "give a number of times");
    options_.repeat = static_cast<unsigned>(parse_number(value, 0, kMost));
    return true;
  }

  bool obey_color(const std::string& value) {
    options_.color = value == "yes" || value == "true" || value == "t" || value == "1"
                         ? Color::always
                     : value == "auto" ? Color::automatic
                                       : Color::never;
    return true;
  }

  Options& options_;
  const World& world_;
  Problems& problems_;
};

// What the program would do again, or do to its output.
constexpr std::array<const char*, 11> kOurs{"GTEST_OUTPUT",
                                            "XML_OUTPUT_FILE",
                                            "GTEST_TOTAL_SHARDS",
                                            "GTEST_SHARD_INDEX",
                                            "GTEST_SHARD_STATUS_FILE",
                                            "GTEST_REPEAT",
                                            "GTEST_BRIEF",
                                            "GTEST_COLOR",
                                            "GTEST_LIST_TESTS",
                                            "GTEST_FAIL_FAST",
                                            "TESTBRIDGE_TEST_RUNNER_FAIL_FAST"};

}  // namespace

std::optional<std::string_view> gtest_flag_in(std::string_view word) {
  for (const std::string_view prefix : {"--gtest_", "-gtest_"}) {
    if (word.starts_with(prefix)) return word.substr(prefix.size());
  }
  return std::nullopt;
}

void obey_gtest_flags(Options& options, const std::vector<std::string>& flags, const World& world,
                      Problems& problems) {
  FlagReader reader{options, world, problems};
  reader.take_variable("GTEST_REPEAT", "repeat");
  reader.take_variable("GTEST_COLOR", "color");
  reader.take_variable("GTEST_BRIEF", "brief");
  reader.take_variable("TESTBRIDGE_TEST_RUNNER_FAIL_FAST", "fail_fast");
  reader.take_variable("GTEST_FAIL_FAST", "fail_fast");
  reader.take_variable("GTEST_ALSO_RUN_DISABLED_TESTS", "also_run_disabled_tests");
  for (const std::string& flag : flags) reader.take_argument(flag);
  reader.take_output_variable("GTEST_OUTPUT", "");
  reader.take_output_variable("XML_OUTPUT_FILE", "xml:");
  reader.take_shards();
  auto& unset = options.policy.environment.unset;
  unset.insert(unset.end(), kOurs.begin(), kOurs.end());
}

}  // namespace sandbox::runner
