// Where the suite report and gtest's own files go: looked up before the first TEST, so that a
// result has its place.
#pragma once

#include <vector>

#include "report/write.h"
#include "runner/options.h"
#include "runner/result.h"
#include "sys/error.h"

namespace sandbox::runner {

class Outputs {
 public:
  // Throws Error (exit code 125) where one could not be written.
  explicit Outputs(const Options& options);

  // Tries all; what could not be written.
  std::vector<Error> write(const SuiteResult& suite);

 private:
  const Options& options_;
  std::vector<TextTarget> report_{};
  std::vector<TextTarget> gtest_{};
};

}  // namespace sandbox::runner
