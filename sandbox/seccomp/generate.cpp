// Build-time program: compiles the default filters and writes them as C++ arrays, so that
// sandbox-exec spends nothing on libseccomp in the usual run.
//   sandbox_seccomp_generate OUTPUT
#include <exception>
#include <fstream>
#include <iostream>
#include <string_view>

#include "seccomp/compile.h"

namespace {

void write_array(std::ostream& out, std::string_view name, sandbox::KillWatch watch) {
  out << "constexpr sock_filter " << name << "[] = {\n";
  for (const sock_filter& each : sandbox::compile_filter({}, watch))
    out << "    {" << each.code << ", " << unsigned{each.jt} << ", " << unsigned{each.jf} << ", "
        << each.k << "u},\n";
  out << "};\n";
}

int generate(const char* path) {
  std::ofstream out(path, std::ios::trunc);
  write_array(out, "kFilter", sandbox::KillWatch::off);
  write_array(out, "kKillWatchFilter", sandbox::KillWatch::on);
  out.close();
  if (out) return 0;
  std::cerr << "cannot write " << path << "\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: " << argv[0] << " OUTPUT\n";
    return 2;
  }
  try {
    return generate(argv[1]);
  } catch (const std::exception& error) {
    std::cerr << "cannot generate " << argv[1] << ": " << error.what() << "\n";
    return 1;
  }
}
