#include "report/begin.h"

#include <unistd.h>

#include <chrono>

#include "report/run_id.h"
#include "report/text.h"
#include "sys/files.h"

namespace sandbox {
namespace {

std::string default_name(const Policy& policy) {
  return policy.command.empty() ? "sandbox-exec" : base_name(policy.command[0]);
}

}  // namespace

Report begin_report(const Policy& policy) {
  Report report;
  report.run_id = make_run_id();
  report.version = SANDBOX_VERSION;
  report.command = policy.command;
  report.name = policy.reporting.name.empty() ? default_name(policy) : policy.reporting.name;
  report.policy = policy;
  report.started_at = timestamp(std::chrono::system_clock::now());
  char cwd[4096];
  if (::getcwd(cwd, sizeof cwd)) report.cwd = cwd;
  return report;
}

}  // namespace sandbox
