// write-file PATH [TEXT]: writes TEXT ("written\n") to the file; on failure prints "PATH: EROFS",
// ends with 1.
#include <fcntl.h>

#include "probe.h"

int main(int argc, char** argv) {
  if (argc < 2) probe::misused("write-file PATH [TEXT]");
  const std::string_view text = argc > 2 ? argv[2] : "written\n";
  const int file = ::open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) probe::fail(argv[1]);
  if (::write(file, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    probe::fail(argv[1]);
  }
  return ::close(file) == 0 ? 0 : 1;
}
