#include "report/verdict.h"

#include "report/names.h"

namespace sandbox {

std::string_view verdict_name(Verdict verdict) {
  for (const auto& [name, known] : kVerdicts) {
    if (known == verdict) return name;
  }
  return "unknown";
}

}  // namespace sandbox
