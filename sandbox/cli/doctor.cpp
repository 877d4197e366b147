#include "cli/doctor.h"

#include <unistd.h>

#include "cli/doctor_checks.h"
#include "cli/doctor_print.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sandbox {

int doctor(DoctorFormat format) {
  const HostFacts facts = examine_host();
  const std::vector<Check> checks = check_host(facts);
  const bool json = format == DoctorFormat::json;
  if (!write_all(STDOUT_FILENO, json ? doctor_json(facts, checks) : doctor_text(facts, checks)))
    throw Error{"cannot print what --doctor found", errno};
  return full_run_possible(checks) ? 0 : 1;
}

}  // namespace sandbox
