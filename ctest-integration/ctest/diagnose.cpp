#include "ctest/diagnose.h"

#include <unistd.h>

#include <nlohmann/json.hpp>
#include <set>

#include "cli/diagnose.h"
#include "report/write.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sandbox::ctest {
namespace {

using Json = nlohmann::ordered_json;

Patient patient_of(const ListedTest& test, const Arrangement& arrangement) {
  Patient patient{.name = test.name, .command = test.command};
  patient.around = {"env", "-C", test.working_directory};
  patient.around.insert(patient.around.end(), test.environment.begin(), test.environment.end());
  patient.sandbox_exec = arrangement.launcher.front();
  patient.options.assign(arrangement.launcher.begin() + 1, arrangement.launcher.end() - 1);
  patient.most = arrangement.ctest_timeout;
  return patient;
}

Json read_rules_of(const std::string& per_test) {
  const auto text = per_test.empty() ? std::nullopt : read_file(per_test);
  return text ? Json::parse(*text) : Json::object();
}

}  // namespace

bool diagnose_failed(const std::vector<ListedTest>& tests, const Arranged& arranged,
                     const SuiteReport& suite, const std::string& per_test,
                     const std::string& file) {
  std::set<std::string> failed;
  for (const SuiteTest& test : suite.tests) {
    if (test.result == TestState::failed) failed.insert(test.name);
  }
  Json rules = read_rules_of(per_test);
  bool found = false;
  for (std::size_t i = 0; i < tests.size(); ++i) {
    if (!failed.contains(tests[i].name) || tests[i].command.empty()) continue;
    (void)write_text(STDOUT_FILENO, "\n" + tests[i].name + "\n");
    const Diagnosis diagnosis = diagnose(patient_of(tests[i], arranged.tests[i]));
    if (diagnosis.finding != Diagnosis::Finding::walls) continue;
    const Json more = Json::parse(as_per_test(tests[i].name, diagnosis.walls));
    for (const auto& [pattern, options] : more.items()) {
      found = found || !options.empty();
      if (!options.empty()) rules[pattern].update(options);
    }
  }
  if (!found) return false;
  TextTarget target{"--diagnose", file};
  target.write(rules.dump(2) + "\n", suite.run_id);
  return true;
}

}  // namespace sandbox::ctest
