// write-samples DIR: every sample report as DIR/<name>.json, to be validated against the schema.
#include <cstdio>
#include <fstream>

#include "report/json.h"
#include "sandbox/report/samples.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  for (const sandbox::Sample& sample : sandbox::sample_reports()) {
    std::ofstream file{std::string{argv[1]} + "/" + sample.name + ".json"};
    file << sandbox::to_json(sample.report);
    if (!file.flush()) return 1;
  }
  return 0;
}
