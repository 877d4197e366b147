// Two threads write one variable: for ThreadSanitizer to find.
#include <thread>

int value = 0;  // NOLINT: the race is the point

int main() {
  std::thread other([] { value = 1; });
  value = 2;
  other.join();
}
