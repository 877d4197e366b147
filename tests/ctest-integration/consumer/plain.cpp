// Passes with its two arguments, in a sandbox: there / cannot be written, also by root.
#include <fcntl.h>
#include <unistd.h>

#include <cstring>

int main(int argc, char** argv) {
  if (argc != 3 || std::strcmp(argv[1], "two words") != 0 || std::strcmp(argv[2], "semi;colon") != 0) return 2;
  return ::access("/", W_OK) == 0 ? 3 : 0;
}
