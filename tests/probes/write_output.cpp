// write-output MIB: that many MiB to stdout, 64 at most; ends as any program whose reader leaves.
#include "probe.h"

int main(int argc, char** argv) {
  constexpr auto kUsage = "write-output MIB";
  if (argc != 2) probe::misused(kUsage);
  const auto mib = static_cast<int>(probe::number(argv[1], 64, kUsage));
  probe::live_at_most(60);
  const std::string line(1023, 'x');
  for (int i = 0; i < mib * 1024; ++i) {
    if (std::puts(line.c_str()) < 0) probe::fail("stdout");
  }
  return 0;
}
