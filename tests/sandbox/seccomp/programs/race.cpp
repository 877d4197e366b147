// Two threads write one variable, often enough to meet on a busy machine: for ThreadSanitizer to
// find.
#include <thread>

int value = 0;  // NOLINT: the race is the point

int main() {
  const auto count = [] {
    for (int i = 0; i < 100'000; ++i) ++value;
  };
  std::thread one(count);
  std::thread two(count);
  one.join();
  two.join();
}
