// exit-with N: ends with status N.
#include "probe.h"

int main(int argc, char** argv) {
  constexpr auto kUsage = "exit-with N";
  if (argc != 2) probe::misused(kUsage);
  return static_cast<int>(probe::number(argv[1], 255, kUsage));
}
