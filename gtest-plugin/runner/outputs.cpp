#include "runner/outputs.h"

#include <fcntl.h>

#include "report/run_id.h"
#include "runner/gtest_document.h"
#include "runner/suite_report.h"
#include "sys/unique_fd.h"

namespace sandbox::runner {

Outputs::Outputs(const Options& options) : options_(options) {
  if (!options.report.empty()) report_.emplace_back("--report", options.report);
  for (const GtestOutput& output : options.outputs)
    gtest_.emplace_back("--gtest_output", output.path);
  if (options.shard_status_file.empty()) return;
  const UniqueFd touched{
      ::open(options.shard_status_file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666)};
}

std::vector<Error> Outputs::write(const SuiteResult& suite) {
  const std::string run_id = make_run_id();
  std::vector<Error> errors;
  const auto attempt = [&](auto write_one) {
    try {
      write_one();
    } catch (const Error& error) {
      errors.push_back(error);
    }
  };
  for (TextTarget& target : report_)
    attempt([&] { target.write(suite_report_text(suite, options_, run_id), run_id); });
  for (std::size_t i = 0; i < gtest_.size(); ++i) {
    const bool xml = options_.outputs[i].format == GtestOutput::Format::xml;
    attempt([&] { gtest_[i].write(xml ? gtest_xml_text(suite) : gtest_json_text(suite), run_id); });
  }
  return errors;
}

}  // namespace sandbox::runner
