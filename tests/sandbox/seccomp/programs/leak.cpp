// Forgets an allocation: for LeakSanitizer, which stops the process's threads by ptrace, to find.
#include <cstdlib>

void* volatile forgotten = nullptr;

int main() {
  forgotten = std::malloc(77);
  forgotten = nullptr;
}
