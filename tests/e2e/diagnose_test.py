"""--diagnose: the walls that a test runs into, found by lowering them one at a time."""

import json
import os
import pathlib
import re
import socket
import subprocess

import harness
from harness import E2E, SANDBOX_EXEC

SANDBOX_CTEST = os.environ["SANDBOX_CTEST"]


class Diagnose(E2E):
    def diagnose(self, text, *options, **how):
        how.setdefault("timeout", 60)
        return self.sandbox("--diagnose", *options, "--", "sh", "-c", text, report=False, **how)

    def advice(self, result):
        """The options that it names."""
        self.assert_ended(result, exit=0)
        found = re.search(r"^It passes.* with\n  (.*)$", result.stdout, re.M)
        self.assertIsNotNone(found, result.stdout)
        return found[1].split()

    def test_one_wall(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            connect = ("/usr/bin/python3 -c 'import socket, sys; socket.create_connection((\"127.0.0.1\", int(sys.argv[1])))' "
                       f"{port}")
            for text, words in ((f"rm -f {self.project}/made; echo x > {self.project}/made", [f"--bind={self.project}"]), (connect, ["--network=host"]),
                                ("test -n \"$API_TOKEN\"", ["--keep-env=API_TOKEN"])):
                with self.subTest(text=text):
                    result = self.diagnose(text, env={"API_TOKEN": "x"})
                    self.assertEqual(self.advice(result), words)
                    again = self.sandbox(*words, "--", "sh", "-c", text, env={"API_TOKEN": "x"})
                    self.assert_passed(again)

    def test_two_walls(self):
        result = self.diagnose(f"test -n \"$API_TOKEN\" && rm -f {self.project}/made && echo x > {self.project}/made", env={"API_TOKEN": "x"})
        self.assertEqual(self.advice(result), [f"--bind={self.project}", "--keep-env=API_TOKEN"])
        self.assertIn(f"BIND {self.project} OPTIONS --keep-env=API_TOKEN\n", result.stdout)

    def test_a_cap(self):
        result = self.diagnose("exec sleep 0.2", "--timeout", "100ms")
        self.assert_ended(result, exit=0)
        self.assertIn("It passes with larger caps, or none", result.stdout)

    def test_no_wall_is_to_blame(self):
        result = self.diagnose("exit 3")
        self.assert_ended(result, exit=1)
        self.assertIn("It fails outside too", result.stdout)
        result = self.diagnose("exit 0")
        self.assert_ended(result, exit=0)
        self.assertIn("It passes inside too", result.stdout)
        count = self.file("count", "0")
        os.chmod(count, 0o666)
        # Every second time, wherever it runs.
        text = f"n=$(cat {count}); echo $((n + 1)) > {count}; test $((n % 2)) = 0"
        result = self.diagnose(text, "--bind", count)
        self.assert_ended(result, exit=1)
        self.assertIn("it is flaky", result.stdout)

    def test_what_was_not_asked_is_not_printed(self):
        result = self.diagnose("echo said; echo told >&2; exit 0")
        self.assertNotIn("said", result.stdout.replace("diagnose: ", ""))
        self.assertEqual(result.stderr, "")

    def test_the_failed_tests_of_a_tree(self):
        source = self.folder("project", "source")
        build = self.folder("project", "build")
        pathlib.Path(source, "CMakeLists.txt").write_text(f"""cmake_minimum_required(VERSION 3.25)
project(walls LANGUAGES NONE)
include(CTest)
add_test(NAME "writes[1]" COMMAND sh -c "rm -f {source}/made; echo x > {source}/made && test $MODE = 1")
set_tests_properties("writes[1]" PROPERTIES ENVIRONMENT MODE=1 TIMEOUT 10)
add_test(NAME fails COMMAND false)
""", encoding="utf-8")
        subprocess.run(["cmake", "-S", source, "-B", build, "-G", "Ninja"], check=True, capture_output=True)
        for path in (source, build, *pathlib.Path(build).rglob("*")):
            self.own(path)

        def run(*options):
            return self.sandbox("--test-dir", build, *options, executable=SANDBOX_CTEST, env={"SANDBOX_EXEC": SANDBOX_EXEC},
                                timeout=60)

        first = run("--diagnose")
        self.assert_ended(first, exit=8)
        rules = pathlib.Path(build, "Testing/sandbox/per-test.json")
        self.assertEqual(json.loads(rules.read_text(encoding="utf-8")), {"writes\\[1]": {"bind": [source]}})
        again = run("--per-test", rules)
        self.assertEqual({test["name"]: test["result"] for test in again.report["tests"]},
                         {"writes[1]": "passed", "fails": "failed"})


if __name__ == "__main__":
    harness.main()
