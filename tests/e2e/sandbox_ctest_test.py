"""sandbox-ctest: an unmodified build tree, inside as outside, with a reason for each end."""

import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import xml.etree.ElementTree as xml

import harness
import processes
import worlds
from harness import E2E, SANDBOX_EXEC, PROBES, eventually

SANDBOX_CTEST = os.environ["SANDBOX_CTEST"]
# The folders of the system's cmake and ctest, and of newer ones beside them (ci/test).
FOLDERS = [folder for folder in ("/usr/bin", os.environ.get("NEWER_CMAKE")) if folder]

ODD = "a name; with [=[signs]=] \"and\" ${blanks}"
# What CTest says: outside, and inside with --memory 64M where that is another.
OUTSIDE = {"passes": "run", ODD: "run", "fails": "fail", "crashes": "fail", "eats": "run", "hangs": "fail",
           "arguments": "run", "missing": "notrun", "disabled": "disabled", "writes.build": "run",
           "writes.source": "fail", "reads.source": "run", "will.fail": "run", "will.hang": "fail", "will.eat": "fail",
           "says": "run", "says.wrong": "fail", "skips": "notrun", "environment": "run", "server.start": "run",
           "server.use": "run", "server.stop": "run"}
INSIDE = {**OUTSIDE, "eats": "fail", "writes.source": "run", "missing": "fail"}
VERDICTS = {"fails": "failed", "crashes": "crashed", "eats": "out-of-memory", "hangs": "timed-out",
            "will.hang": "timed-out", "will.eat": "out-of-memory", "says.wrong": "failed"}


class Tree(E2E):
    def setUp(self):
        super().setUp()
        self.require("memory_group")
        self.source = os.path.join(self.project, "source")
        self.build = os.path.join(self.project, "build")
        shutil.copytree(harness.SOURCE / "tests/ctest-integration/tree", self.source)
        self.configure("/usr/bin")

    def configure(self, folder):
        shutil.rmtree(self.build, ignore_errors=True)
        fixture = f"fixture-{os.getpid()}"
        subprocess.run([f"{folder}/cmake", "-S", self.source, "-B", self.build, "-G", "Ninja", f"-DPROBES={PROBES}",
                        f"-DFIXTURE={fixture}"], check=True, capture_output=True)
        for path in (self.source, self.build, *pathlib.Path(self.project).rglob("*")):
            self.own(path)

    def ctest(self, *options, folder="/usr/bin", **how):
        how.setdefault("timeout", 60)
        environment = {"SANDBOX_EXEC": SANDBOX_EXEC, "PATH": f"{folder}:{os.environ['PATH']}", **how.pop("env", {})}
        return self.sandbox("--test-dir", self.build, *options, executable=SANDBOX_CTEST, env=environment, **how)

    def junit(self, name):
        """{test: status} of CTest's own file; of a name twice the first."""
        statuses = {}
        for case in xml.parse(os.path.join(self.build, name)).getroot():
            statuses.setdefault(case.get("name"), case.get("status"))
        return statuses

    def last(self, result, name):
        return next(test for test in result.report["tests"] if test["name"] == name)["attempts"][-1]

    def generated(self):
        """What CMake generated, by a sum of it."""
        return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in pathlib.Path(self.build).rglob("*")
                if path.is_file() and "Testing" not in path.parts and path.suffix != ".xml" and path.name != "made-by-a-test"}


class AsCTest(Tree):
    def test_the_same_as_outside_but_for_what_the_sandbox_is_for(self):
        for folder in FOLDERS:
            with self.subTest(ctest=folder):
                self.configure(folder)
                before = self.generated()
                self.sandbox("--test-dir", self.build, "--output-junit", "outside.xml", executable=f"{folder}/ctest",
                             report=False)
                for place in (self.source, self.build):  # under sudo they are root's, whom the sandbox does not run as
                    os.unlink(os.path.join(place, "made-by-a-test"))
                result = self.ctest("--memory", "64M", "-j2", "--output-junit", "inside.xml", folder=folder)
                self.assert_ended(result, exit=8)
                outside = self.junit("outside.xml")
                outside.pop("sub.configured", None)
                self.assertEqual({**outside, "will.eat": "fail"}, OUTSIDE)
                inside = self.junit("inside.xml")
                inside.pop("sub.configured", None)
                self.assertEqual(inside, INSIDE, str(result))
                self.assertEqual(self.generated(), before)
                for name, verdict in VERDICTS.items():
                    self.assertEqual(self.last(result, name)["verdict"], verdict, name)
                    self.assertIn(f"sandbox-ctest: {name}: {self.last(result, name)['reason']}\n", result.stderr)
                self.assertFalse(os.path.exists(os.path.join(self.source, "made-by-a-test")))
                self.assertTrue(os.path.exists(os.path.join(self.build, "made-by-a-test")))
                self.assertIn("3 tests with fixtures: --isolation=none", result.stderr)

    def test_ctests_own_files_are_where_they_are_looked_for(self):
        self.assert_ended(self.ctest("-R", "^(passes|fails|says.wrong)$"), exit=8)
        failed = pathlib.Path(self.build, "Testing/Temporary/LastTestsFailed.log").read_text(encoding="ascii")
        self.assertEqual(failed, "3:fails\n17:says.wrong\n")
        self.assertIn("it fails", pathlib.Path(self.build, "Testing/Temporary/LastTest.log").read_text(encoding="utf-8"))
        again = self.ctest("--rerun-failed")
        self.assertEqual([test["name"] for test in again.report["tests"]], ["fails", "says.wrong"])

    def test_selected_as_ctest_selects(self):
        for options, names in ((("-R", "^writes"), ["writes.build", "writes.source"]), (("-L", "files"), ["reads.source"]),
                               (("-L", "^sub$"), ["passes"]), (("-I", "1,1"), ["passes"]),
                               (("-L", "sub", "-C", "Debug"), ["passes", "sub.configured"]),
                               (("-R", "server.use"), ["server.start", "server.use", "server.stop"])):
            result = self.ctest(*options)
            self.assertEqual([test["name"] for test in result.report["tests"]], names, str(result))

    def test_a_preset(self):
        presets = {"version": 3, "configurePresets": [{"name": "of-the-tree", "binaryDir": self.build}],
                   "testPresets": [{"name": "few", "configurePreset": "of-the-tree",
                                    "filter": {"include": {"name": "^(fails|skips)$"}}}]}
        self.file(os.path.join(self.source, "CMakePresets.json"), json.dumps(presets))
        for folder in FOLDERS:
            with self.subTest(ctest=folder):
                self.configure(folder)
                environment = {"SANDBOX_EXEC": SANDBOX_EXEC, "PATH": f"{folder}:{os.environ['PATH']}"}
                result = self.sandbox("--preset", "few", executable=SANDBOX_CTEST, cwd=self.source, env=environment)
                self.assert_ended(result, exit=8)
                self.assertEqual([(test["name"], test["result"]) for test in result.report["tests"]],
                                 [("fails", "failed"), ("skips", "skipped")])

    def test_the_build_tree_read_only(self):
        self.assert_ended(self.ctest("--build-tree=ro", "-R", "writes.build"), exit=8)
        self.assertFalse(os.path.exists(os.path.join(self.build, "made-by-a-test")))

    def test_timeouts(self):
        """CTest's own order: the property, the option, DartConfiguration.tcl."""
        result = self.ctest("-R", "^(hangs|will.eat|passes)$", "--timeout", "7s", "-V")
        self.assertIn("Test timeout computed to be: 12", result.stdout)  # 1 + --grace + 10
        self.assertIn("Test timeout computed to be: 18", result.stdout)
        self.assertIn("ran longer than 1 s", result.stderr)
        self.assertIn("Test timeout computed to be: 1511", self.ctest("-R", "^passes$", "-V").stdout)


class Reports(Tree):
    def test_all_of_them(self):
        self.ctest("--memory", "64M", "-R", "^(passes|eats|skips|missing|disabled)$")
        folder = pathlib.Path(self.build, "Testing/sandbox")
        suite = harness.parse_report((folder / "suite.json").read_text(encoding="utf-8"))
        self.assertEqual([(test["name"], test["result"]) for test in suite["tests"]],
                         [("passes", "passed"), ("eats", "failed"), ("missing", "failed"), ("disabled", "disabled"),
                          ("skips", "skipped"), ("passes", "passed")])
        attempt = suite["tests"][1]["attempts"][0]
        self.assertIn("memory cap of 64 MiB", attempt["reason"])
        one = harness.parse_report((folder / "5.json").read_text(encoding="utf-8"))
        self.assertEqual((one["name"], one["run_id"]), ("eats", attempt["run_id"]))
        cases = {case.get("name"): case for case in xml.parse(folder / "junit.xml").getroot().iter("testcase")}
        self.assertEqual(cases["eats"].find("error").get("type"), "out-of-memory")
        self.assertIn("memory cap of 64 MiB", cases["eats"].find("error").text)
        self.assertIsNotNone(cases["skips"].find("skipped"))
        self.assertIsNotNone(cases["missing"].find("error"))

    def test_options_for_some(self):
        rules = self.file("rules.json", json.dumps({"eats": {"memory": "64M"}, "label:files": {"timeout": 5},
                                                    "server.*": {"isolation": "full"}}))
        result = self.ctest("-R", "^(eats|will.eat|reads.source|server.use)$", "--per-test", rules)
        self.assertEqual({test["name"]: test["result"] for test in result.report["tests"]},
                         {"eats": "failed", "will.eat": "failed", "reads.source": "passed", "server.start": "passed",
                          "server.use": "failed", "server.stop": "failed"})
        self.assertEqual(self.last(result, "will.eat")["verdict"], "failed")  # it did not fail
        self.assertNotIn("with fixtures", result.stderr)

    def test_measurements(self):
        """In CTest's Test.xml where asked, also of what died; else nothing is printed."""
        result = self.ctest("--memory", "64M", "--ctest-measurements", "-R", "^(passes|eats|says.wrong)$", "-T", "Test")
        self.assert_ended(result, exit=8)
        [document] = pathlib.Path(self.build, "Testing").glob("*/Test.xml")
        tests = {test.findtext("Name"): {each.get("name"): each.findtext("Value") for each in test.iter("NamedMeasurement")}
                 for test in xml.parse(document).getroot().iter("Test") if test.get("Status")}
        self.assertGreater(int(tests["eats"]["sandbox.memory_peak_bytes"]), 60 << 20)
        self.assertLess(int(tests["passes"]["sandbox.memory_peak_bytes"]), 60 << 20)
        self.assertGreaterEqual(float(tests["eats"]["sandbox.cpu_seconds"]), 0)
        self.assertNotIn("CTestMeasurement", self.ctest("-R", "^passes$", "-V").stdout)

    def one_test(self, text, properties="", more=""):
        """Another tree in the place of the first."""
        shutil.rmtree(self.build)
        pathlib.Path(self.source, "CMakeLists.txt").write_text(f"""cmake_minimum_required(VERSION 3.25)
project(one LANGUAGES NONE)
include(CTest)
add_test(NAME one COMMAND sh -c [==[{text}]==])
{f"set_tests_properties(one PROPERTIES {properties})" if properties else ""}
{more}
""", encoding="utf-8")
        self.configure("/usr/bin")

    def test_a_program_that_a_test_makes_runs_in_a_sandbox_too(self):
        self.one_test("printf '#!/bin/sh\\necho > ../escaped\\n' > made; chmod +x made", more="""
add_test(NAME two COMMAND ${CMAKE_BINARY_DIR}/made)
set_tests_properties(two PROPERTIES DEPENDS one)""")
        result = self.ctest()
        self.assertEqual([test["result"] for test in result.report["tests"]], ["passed", "failed"], str(result))
        self.assertFalse(os.path.exists(os.path.join(self.project, "escaped")))

    def test_no_option_takes_the_place_of_ours(self):
        for options in (("-j",), ("--parallel",), ("-E",), ("-O",)):
            self.one_test("echo > ../escaped")
            self.ctest(*options, cwd=self.build)
            self.assertFalse(os.path.exists(os.path.join(self.project, "escaped")), options)
            self.assertFalse(os.path.exists(os.path.join(self.build, "--test-dir")), options)

    def test_reports_are_out_of_a_tests_reach(self):
        victim = self.file("project/victim", "mine")
        for text in (f"ln -sf {victim} Testing/sandbox/1.json", "mv Testing/sandbox Testing/old", "mv Testing other",
                     "rm -rf Testing/sandbox/shadow", "echo > Testing/sandbox/suite.json"):
            self.one_test(text)
            self.assert_ended(self.ctest(), exit=8)
        self.one_test("echo x > Testing/Temporary/scratch")
        self.assert_ended(self.ctest(), exit=0)
        self.assertEqual(pathlib.Path(victim).read_text(encoding="ascii"), "mine")

    def test_what_is_somebody_elses_stays(self):
        other = self.folder("other")
        kept = self.file("other/shadow/kept", "mine")
        result = self.ctest("--report-dir", other, report=False)
        self.assert_ended(result, exit=125)
        self.assertIn("is in the way", result.stderr)
        self.assertTrue(os.path.exists(kept))
        shutil.rmtree(os.path.join(other, "shadow"))
        self.file("other/3.json", "{}")
        self.assertIn("3.json is in the way", self.ctest("--report-dir", other, report=False).stderr)

    def test_a_skip_for_want_of_a_sandbox_is_never_a_pass(self):
        for properties in ("WILL_FAIL TRUE", 'PASS_REGULAR_EXPRESSION "sandbox"', "WILL_FAIL TRUE SKIP_RETURN_CODE 3"):
            self.one_test("exit 1", properties)
            result = self.ctest("--if-unsupported=skip", "--memory", "64M", env={"SANDBOX_CGROUP": "/no/such"})
            self.assertNotIn(result.exit, (0, None), str(result))

    def test_limits_of_a_policy_file_and_of_ctest(self):
        self.one_test("exec sleep 4")
        policy = self.file("policy.json", '{"timeout": "300ms"}')
        self.assertIn("ran longer than 0.3 s", self.ctest("--policy", policy).stderr)
        self.assert_ended(self.ctest("--overwrite", "TimeOut=1"), exit=8)

    def test_ctest_killed(self):
        """Its tests end with it, and are reported as what they are."""
        started = self.start("--test-dir", self.build, "-R", "^(hangs|passes)$", "--timeout", "60", "--verbose",
                             executable=SANDBOX_CTEST, env={"SANDBOX_EXEC": SANDBOX_EXEC})
        started.wait_for("sleep-forever")
        os.kill(processes.find_below(started.pid, "ctest"), signal.SIGKILL)
        result = started.finish()
        self.assert_ended(result, exit=137)
        self.assertTrue(eventually(lambda: not self.strays(0), harness.seconds(5)))

    def test_killed_itself(self):
        """ctest ends with it, and the tests with ctest."""
        self.one_test("exec sleep 20")
        started = self.start("--test-dir", self.build, executable=SANDBOX_CTEST, env={"SANDBOX_EXEC": SANDBOX_EXEC},
                             report="maybe")
        started.wait_for("sleep")
        os.kill(started.pid, signal.SIGKILL)
        self.assert_ended(started.finish(timeout=8), signal=signal.SIGKILL)
        self.assertTrue(eventually(lambda: not self.strays(0), harness.seconds(5)))

    def test_interrupted(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number):
                started = self.start("--test-dir", self.build, "-R", "^(will.hang|passes)$", executable=SANDBOX_CTEST,
                                     env={"SANDBOX_EXEC": SANDBOX_EXEC})
                started.wait_for("sleep-forever")
                os.kill(started.pid, number)
                result = started.finish()
                self.assert_ended(result, signal=number)
                self.assertEqual(result.report["result"], "interrupted")
                self.assertTrue(eventually(lambda: not self.strays(0), harness.seconds(5)))


class BadInput(Tree):
    def refused(self, *options, **how):
        environment = {"SANDBOX_EXEC": SANDBOX_EXEC, **how.pop("env", {})}
        result = self.sandbox(*options, executable=SANDBOX_CTEST, env=environment, report=False, **how)
        self.assert_ended(result, exit=125)
        lines = [line for line in result.stderr.splitlines() if not line.startswith("hint: ")]
        self.assertEqual(len(lines), 1, str(result))
        return result.stderr

    def test_messages(self):
        empty = self.folder("empty")
        none = self.file("none.json", '{"nobody": {"memory": "1G"}}')
        unknown = self.file("unknown.json", '{"passes": {"memroy": "1G"}}')
        broken = self.file("broken.json", "{")
        tree = ("--test-dir", self.build)
        for options, words in ((("--test-dir", "/no/such"), "no folder /no/such"),
                               (("--test-dir", empty), "no CTestTestfile.cmake"), ((*tree, "--memroy", "1G"), "did you mean --memory?"),
                               ((*tree, "--memory", "1x"), "--memory"), ((*tree, "--per-test", none), "nobody is no test's name"),
                               ((*tree, "--per-test", unknown), "did you mean memory?"), ((*tree, "--per-test", broken), "no JSON object"),
                               ((*tree, "--per-test", "/no/such"), "cannot read --per-test /no/such"),
                               ((*tree, "--name", "x"), "each test has its own"), ((*tree, "--policy", "/no/such"), "/no/such"),
                               ((*tree, "--build-tree", "maybe"), "not rw or ro"), ((*tree, "--report-dir", "/proc/x"), "/proc/x"),
                               ((*tree, "-S", "script"), "no dashboard"), ((*tree, "--timeout", "soon"), "--timeout")):
            with self.subTest(options=options):
                self.assertIn(words, self.refused(*options))

    def test_nothing_built_and_nothing_there(self):
        folder = self.folder("other")
        pathlib.Path(folder, "CTestTestfile.cmake").write_text('add_test(a "/no/such")\n', encoding="ascii")
        self.assertIn("none of the 1 test programs", self.refused("--test-dir", folder))
        pathlib.Path(folder, "CTestTestfile.cmake").write_text("", encoding="ascii")
        self.assertIn("has no tests", self.refused("--test-dir", folder))
        pathlib.Path(folder, "CTestTestfile.cmake").write_text('message(FATAL_ERROR "broken")\n', encoding="ascii")
        broken = self.sandbox(
            "--test-dir", folder, executable=SANDBOX_CTEST, env={"SANDBOX_EXEC": SANDBOX_EXEC}, report=False)
        self.assert_ended(broken, exit=125)
        self.assertIn("sandbox-ctest: ctest cannot list the tests", broken.stderr)

    def test_never_green_without_a_test(self):
        for options in (("-R", "nobody"), ("-R", "^skips$"), ("-R", "^disabled$")):
            result = self.ctest(*options)
            self.assertNotIn(result.exit, (0, None), str(result))

    def test_no_ctest(self):
        self.assertIn("ctest is not in PATH", self.refused("--test-dir", self.build, env={"PATH": "/no/such"}))


if __name__ == "__main__":
    harness.main()
