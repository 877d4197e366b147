"""Programs built with sanitizers and with coverage do inside what they do outside."""

import os
import pathlib
import unittest

import harness
import worlds
from harness import E2E

LEAK = """
#include <cstdlib>
int main() {
  volatile char* lost = static_cast<char*>(std::malloc(1234));
  lost[0] = 1;
  lost = nullptr;
}
"""
OVERFLOW = """
#include <vector>
int main(int argc, char**) {
  int* numbers = new int[4];
  volatile int value = numbers[3 + argc];
  delete[] numbers;
  return value == 12345;
}
"""
RACE = """
#include <thread>
int counter = 0;
int main() {
  auto count = [] { for (int i = 0; i < 10000; ++i) ++counter; };
  std::thread one(count), two(count);
  one.join();
  two.join();
}
"""
UNDEFINED = "int main(int argc, char**) { int most = 2147483647; return (most + argc) == 0; }\n"
COVERED = "int main(int argc, char**) { return argc > 5; }\n"


@unittest.skipIf(worlds.USER_MODE_LINUX, "address sanitizers do not run in user-mode-linux")
class Sanitizers(E2E):
    def test_a_leak_is_found(self):
        program = self.compile("project/leak", LEAK, "-fsanitize=address", "-g")
        result = self.sandbox("--", program)
        self.assert_verdict(result, "failed", exit=1)
        self.assertIn("LeakSanitizer: detected memory leaks", result.stderr)
        self.assertIn("1234 byte(s)", result.stderr)
        self.assertNotIn("LeakSanitizer has encountered a fatal error", result.stderr)

    def test_an_overflow_is_found(self):
        program = self.compile("project/overflow", OVERFLOW, "-fsanitize=address", "-g")
        result = self.sandbox("--", program)
        self.assert_verdict(result, "failed", exit=1)
        self.assertIn("heap-buffer-overflow", result.stderr)

    def test_an_address_sanitized_program_runs_under_a_memory_cap(self):
        self.require("memory_group")
        program = self.compile("project/clean", COVERED, "-fsanitize=address", "-g")
        self.assert_passed(self.sandbox("--memory", "256M", "--", program))

    def test_a_race_is_found(self):
        program = self.compile("project/race", RACE, "-fsanitize=thread", "-g", "-pthread")
        result = self.sandbox("--", program)
        self.assert_verdict(result, "failed", exit=66)
        self.assertIn("WARNING: ThreadSanitizer: data race", result.stderr)
        self.assertIn("counter", result.stderr)

    def test_undefined_behaviour_is_found(self):
        program = self.compile("project/undefined", UNDEFINED, "-fsanitize=undefined", "-fno-sanitize-recover")
        result = self.sandbox("--", program)
        self.assert_verdict(result, "failed", exit=1)
        self.assertIn("signed integer overflow", result.stderr)

    def test_a_log_in_a_declared_place_is_kept(self):
        program = self.compile("project/overflow", OVERFLOW, "-fsanitize=address", "-g")
        logs = self.folder("logs")
        self.sandbox("--bind", logs, "--", program, env={"ASAN_OPTIONS": f"log_path={logs}/asan"})
        self.assertEqual(len(os.listdir(logs)), 1)


class Coverage(E2E):
    def setUp(self):
        super().setUp()
        self.build = self.folder("project", "build")
        self.program = self.compile("project/build/covered", COVERED, "--coverage")
        self.own(*(os.path.join(self.build, name) for name in os.listdir(self.build)))

    def gcda(self, folder):
        return [path.name for path in pathlib.Path(folder).rglob("*.gcda")]

    def test_gcov_prefix_gets_the_data(self):
        data = self.folder("data")
        result = self.sandbox("--", self.program, env={"GCOV_PREFIX": data})
        self.assert_passed(result)
        self.assertEqual(len(self.gcda(data)), 1)

    def test_a_writable_build_folder_gets_the_data(self):
        result = self.sandbox("--bind", self.build, "--", self.program)
        self.assert_passed(result)
        self.assertEqual(len(self.gcda(self.build)), 1)

    def test_data_that_is_lost_is_not_lost_silently(self):
        """gcov itself ends with 0 then; its own message or a warning in the report says so."""
        result = self.sandbox("--", self.program)
        self.assertEqual(self.gcda(self.build), [])
        self.assertIn("gcda", result.stderr + str(result.report["warnings"]))


if __name__ == "__main__":
    harness.main()
