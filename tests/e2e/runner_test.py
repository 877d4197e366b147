"""sandbox-gtest: each TEST exactly one verdict, whatever the program does; nothing twice, nothing lost."""

import itertools
import json
import os
import pathlib
import re
import signal
import subprocess
import unittest
import xml.etree.ElementTree as xml

import gtest_readers
import harness
import worlds
from harness import E2E, probe

SOURCE_OF_TESTS = str(harness.SOURCE / "tests/gtest-plugin/misbehaving.cpp")
SANDBOX_GTEST = os.environ["SANDBOX_GTEST"]
MODES = ("binary", "batch:2", "test") if not worlds.USER_MODE_LINUX else ("binary", "test")
WRONG = {"SegfaultA": "crashed", "SegfaultB": "crashed", "SegfaultC": "crashed", "OomA": "out-of-memory",
         "OomB": "out-of-memory", "ChildOom": None, "Hang": "timed-out", "Exit": "failed", "ForkBomb": "failed",
         "KillsInit": "failed"}


class Runner(E2E):
    program = "gtest-misbehaving"

    def run_tests(self, tests, *options, flags=(), **how):
        how.setdefault("timeout", 40)
        return self.sandbox(*options, "--", probe(self.program), f"--gtest_filter={tests}", *flags,
                            executable=SANDBOX_GTEST, **how)

    def results(self, result):
        """{TEST: result}, each once."""
        names = [test["name"] for test in result.report["tests"]]
        self.assertEqual(len(names), len(set(names)))
        return {test["name"]: test["result"] for test in result.report["tests"]}

    def last(self, result, name):
        return next(test for test in result.report["tests"] if test["name"] == name)["attempts"][-1]

    def run_outside(self, tests, *flags):
        return subprocess.run([probe(self.program), f"--gtest_filter={tests}", *flags], cwd=self.project, check=False,
                              capture_output=True, text=True, timeout=harness.seconds(20))


class DependsOnNoKernel(Runner):
    @classmethod
    def setUpClass(cls):
        if worlds.USER_MODE_LINUX:
            raise unittest.SkipTest("depends on no kernel, and takes long there")
        super().setUpClass()


class Verdicts(Runner):
    def test_plain_ends(self):
        expected = {"Plain.Passes": "passed", "Plain.Fails": "failed", "Plain.Skips": "skipped",
                    "Plain.DISABLED_Never": "disabled", "All/Values.AreSmall/0": "passed",
                    "All/Values.AreSmall/1": "failed", "Types/0.Exist": "passed", "Types/1.Exist": "passed"}
        for mode in MODES:
            with self.subTest(mode=mode):
                result = self.run_tests("Plain.*:All/*:Types/*", "--isolate", mode)
                self.assert_ended(result, exit=1)
                self.assertEqual(self.results(result), expected)
                self.assertEqual(result.report["failures"], [])
                self.assertEqual(self.last(result, "Plain.Fails")["verdict"], "failed")
                self.assertIn("said before", self.last(result, "Plain.Fails")["output"])

    def test_a_dead_program_costs_only_the_test_that_ran(self):
        expected = {"Ends.A": "passed", "Ends.ByCrash": "failed", "Ends.B": "failed", "Ends.ByExit": "failed",
                    "Ends.ByExitWithFour": "failed", "Ends.ByAbort": "failed", "Ends.C": "passed"}
        reasons = {"Ends.ByCrash": ("crashed", "SIGSEGV"), "Ends.ByExit": ("failed", "exit status 0 in the middle"),
                   "Ends.ByExitWithFour": ("failed", "exited with 4"), "Ends.ByAbort": ("crashed", "SIGABRT")}
        for mode in MODES:
            with self.subTest(mode=mode):
                result = self.run_tests("Ends.*", "--isolate", mode)
                self.assert_ended(result, exit=1)
                self.assertEqual(self.results(result), expected)
                self.assertTrue(all(len(test["attempts"]) == 1 for test in result.report["tests"]))
                for name, (verdict, words) in reasons.items():
                    self.assertEqual(self.last(result, name)["verdict"], verdict, name)
                    self.assertIn(words, self.last(result, name)["reason"], name)
                self.assertEqual(self.last(result, "Ends.ByCrash")["output"], "last words\n")

    def test_words_like_gtests_own_deceive_nobody(self):
        result = self.run_tests("Forges.*:Ends.A")
        self.assert_ended(result, exit=1)
        self.assertEqual(self.results(result), {"Ends.A": "passed", "Forges.OthersLines": "passed",
                                                "Forges.NoNewline": "passed", "Forges.ThenCrashes": "failed"})

    def test_a_suite_that_cannot_begin_costs_its_own_tests(self):
        for mode in MODES:
            with self.subTest(mode=mode):
                result = self.run_tests("BadSetUp.*:After.*:Ends.A", "--isolate", mode)
                self.assert_ended(result, exit=1)
                self.assertEqual(self.results(result), {"Ends.A": "passed", "BadSetUp.One": "failed",
                                                        "BadSetUp.Two": "failed", "After.IsRun": "passed"})
                self.assertIn("before a TEST", self.last(result, "BadSetUp.One")["reason"])

    def test_a_death_between_tests_is_nobodys_but_not_green(self):
        result = self.run_tests("BadTearDown.*:After.*")
        self.assert_ended(result, exit=1)
        self.assertEqual(set(self.results(result).values()), {"passed"})
        self.assertEqual([failure["verdict"] for failure in result.report["failures"]], ["crashed"])

    def test_a_death_after_all_tests_is_not_green(self):
        result = self.run_tests("AtExit.*:After.*")
        self.assert_ended(result, exit=1)
        self.assertEqual(set(self.results(result).values()), {"passed"})
        self.assertIn("after its TESTs", result.report["failures"][0]["reason"])

    def test_a_test_that_takes_too_long(self):
        for mode in ("binary", "test"):
            with self.subTest(mode=mode):
                result = self.run_tests("Slow.*:After.*", "--isolate", mode, "--test-timeout", f"{worlds.seconds(0.5)}s")
                self.assert_ended(result, exit=1)
                self.assertEqual(self.results(result), {"Slow.Sleeps": "failed", "Slow.IsQuick": "passed",
                                                        "After.IsRun": "passed"})
                self.assertEqual(self.last(result, "Slow.Sleeps")["verdict"], "timed-out")

    def test_what_hangs_is_written_down(self):
        reports = self.folder("reports")
        result = self.run_tests("Slow.*", "--test-timeout", f"{worlds.seconds(0.5)}s", "--report-dir", reports)
        self.assert_ended(result, exit=1)
        texts = [(pathlib.Path(reports) / name).read_text(encoding="utf-8") for name in os.listdir(reports)]
        stuck = [report for report in map(harness.parse_report, texts) if report["verdict"] == "timed-out"]
        self.assertEqual(len(stuck), 1)
        self.assertTrue(any("gtest-misbehaving" in (thread["command_line"] or "") for thread in stuck[0]["hang"]), stuck[0]["hang"])

    def test_a_program_that_hangs_between_tests(self):
        for mode in ("binary",) if worlds.USER_MODE_LINUX else ("binary", "batch:2"):
            with self.subTest(mode=mode):
                result = self.run_tests("After.*:Ends.A:StuckSetUp.*", "--isolate", mode, "--test-timeout",
                                        f"{worlds.seconds(0.5)}s")
                self.assert_ended(result, exit=1)
                self.assertEqual(self.results(result), {"Ends.A": "passed", "After.IsRun": "passed",
                                                        "StuckSetUp.One": "failed"})
                self.assertEqual(self.last(result, "StuckSetUp.One")["verdict"], "timed-out")

    def test_a_failure_without_a_test_stays_red(self):
        luck = self.folder("luck")
        result = self.run_tests("FailingTearDown.*:Luck.*", "--retries", "1", "--bind", luck, env={"LUCK": luck})
        self.assert_ended(result, exit=1)
        self.assertEqual(self.results(result), {"FailingTearDown.One": "passed", "Luck.ComesSecond": "flaky"})
        self.assertIn("FailingTearDown", result.report["failures"][0]["reason"])

    def test_words_before_the_first_test(self):
        result = self.run_tests("WordsBefore.*")
        self.assert_ended(result, exit=1)
        self.assertEqual(self.results(result), {"WordsBefore.Crashes": "failed", "WordsBefore.Passes": "passed"})
        self.assertIn("died of SIGSEGV", self.last(result, "WordsBefore.Crashes")["reason"])

    def test_words_that_are_hard_to_write_down(self):
        out = self.folder("out")
        result = self.run_tests("Hard.*", flags=[f"--gtest_output=xml:{out}/t.xml"])
        self.assert_ended(result, exit=1)
        self.assertEqual(xml.parse(f"{out}/t.xml").getroot().get("failures"), "2")

    def test_names_that_mean_something_in_a_filter(self):
        for mode in MODES:
            with self.subTest(mode=mode):
                result = self.run_tests("Odd.*", "--isolate", mode)
                self.assertEqual(self.results(result), {"Odd.a-b": "failed", "Odd.c:d": "passed", "Odd.e*": "passed",
                                                        "Odd.f": "passed"})

    def test_nothing_is_made_on_the_host(self):
        before = sorted(os.listdir("/")), sorted(os.listdir(self.project))
        for mode in MODES:
            self.assert_ended(self.run_tests("After.*:Ends.A", "--isolate", mode), exit=0)
        self.assertEqual((sorted(os.listdir("/")), sorted(os.listdir(self.project))), before)

    def test_a_flood_of_words_ends_in_time(self):
        result = self.run_tests("Floods.*:After.*", "--test-timeout", f"{worlds.seconds(0.5)}s", "--output", "terminal")
        self.assert_ended(result, exit=1)
        self.assertEqual(self.results(result), {"Floods.ForEver": "failed", "After.IsRun": "passed"})
        self.assertEqual(self.last(result, "Floods.ForEver")["verdict"], "timed-out")

    def test_a_death_test_is_none(self):
        result = self.run_tests("World.DeathTest")
        self.assert_ended(result, exit=0)

    def test_a_thousand_tests(self):
        self.require("memory_group", "pids_group")
        slow = worlds.USER_MODE_LINUX
        count = 60 if slow else 1000
        for program in ("gtest-thousand-listening",) if slow else ("gtest-thousand", "gtest-thousand-listening"):
            wrong = {**WRONG, **({"Daemon": "failed"} if program.endswith("listening") else {})}
            for mode in ("binary", "test") if slow else ("binary", "batch:10", "test"):
                with self.subTest(program=program, mode=mode):
                    result = self.sandbox("--isolate", mode, "--memory", "64M", "--pids", "200", "--test-timeout",
                                          f"{worlds.seconds(1)}s", "--", probe(program), executable=SANDBOX_GTEST,
                                          env={"THOUSAND": str(count)}, timeout=90)
                    self.assert_ended(result, exit=1)
                    results = self.results(result)
                    self.assertEqual(len(results), count)
                    failed = {name.split(".")[1]: name for name, end in results.items() if end != "passed"}
                    self.assertEqual(set(failed), set(wrong))
                    for name, verdict in wrong.items():
                        if verdict:
                            self.assertEqual(self.last(result, failed[name])["verdict"], verdict, name)
                    self.assertEqual(result.report["failures"], [])


class OddPrograms(DependsOnNoKernel):
    def test_a_childs_xml_does_not_hide_its_parents_end(self):
        for mode in ("binary", "test"):
            with self.subTest(mode=mode):
                result = self.run_tests("Child.*:After.*", "--isolate", mode)
                self.assert_ended(result, exit=1)
                self.assertIn("Failure", result.report["failures"][0]["reason"])
                self.assertRegex(result.stdout, r"(?m)^\[  FAILED  \] .*misbehaving.cpp:\d+: Failure")

    def test_names_of_other_alphabets(self):
        for mode in MODES:
            with self.subTest(mode=mode):
                result = self.run_tests("Gr*", "--isolate", mode)
                self.assert_ended(result, exit=0)
                self.assertEqual(self.results(result), {"Größe.中文": "passed"})

    def test_a_test_that_ends_too_late_has_failed(self):
        result = self.run_tests("Stubborn.*", "--test-timeout", "1s", "--grace", "5s")
        self.assert_ended(result, exit=1)
        self.assertEqual(self.results(result), {"Stubborn.OutlivesItsTime": "failed", "Stubborn.ComesAfter": "passed"})
        self.assertEqual(self.last(result, "Stubborn.OutlivesItsTime")["verdict"], "timed-out")

    def test_a_program_that_prints_nothing_of_gtests(self):
        quiet = self.compile("quiet", """#include <gtest/gtest.h>
#include <unistd.h>
TEST(A, B) { ::usleep(300'000); } TEST(A, C) { ::usleep(300'000); } TEST(A, D) { ::usleep(300'000); }
int main(int argc, char** argv) { testing::InitGoogleTest(&argc, argv);
  auto& all = testing::UnitTest::GetInstance()->listeners(); delete all.Release(all.default_result_printer());
  return RUN_ALL_TESTS(); }
""", "-lgtest")
        result = self.sandbox("--test-timeout", f"{worlds.seconds(0.15)}s", "--", quiet, executable=SANDBOX_GTEST)
        self.assert_ended(result, exit=0)
        self.assertEqual(set(self.results(result).values()), {"passed"})

    def test_before_anything_has_run(self):
        slow = self.compile("slow", """#include <gtest/gtest.h>
#include <unistd.h>
TEST(A, B) {}
int main(int argc, char** argv) { ::sleep(60); testing::InitGoogleTest(&argc, argv); return RUN_ALL_TESTS(); }
""", "-lgtest")
        started = self.start("--", slow, executable=SANDBOX_GTEST)
        started.wait_for("slow")
        os.kill(started.pid, signal.SIGINT)
        result = started.finish()
        self.assert_ended(result, signal=signal.SIGINT)
        self.assertEqual((result.report["result"], result.report["tests"]), ("interrupted", []))


class Listening(Runner):
    program = "gtest-fixture"

    def test_who_answers_a_test_keeps_its_own_cpus(self):
        """The supervisor comes to the CPU of the TEST that asks; the sandboxes that it makes later must not stay there."""
        self.require("two_cpus")
        result = self.run_tests("All/Cpus.*", "--isolate=test", "-j1", env={"CPUS": str(len(os.sched_getaffinity(0)))})
        self.assert_ended(result, exit=0)
        self.assertEqual(len(self.results(result)), 6)


class Again(DependsOnNoKernel):
    def test_a_pass_after_a_failure_is_flaky(self):
        luck = self.folder("luck")
        result = self.run_tests("Luck.*:After.*", "--retries", "2", "--bind", luck, env={"LUCK": luck})
        self.assert_ended(result, exit=0)
        self.assertEqual(self.results(result), {"Luck.ComesSecond": "flaky", "After.IsRun": "passed"})
        attempts = next(t for t in result.report["tests"] if t["name"] == "Luck.ComesSecond")["attempts"]
        self.assertEqual([attempt["verdict"] for attempt in attempts], ["failed", "passed"])
        self.assertIn("flaky", result.stdout)

    def test_retries_come_before_max_fail(self):
        luck = self.folder("luck")
        result = self.run_tests("Luck.*:After.*", "--isolate=test", "-j1", "--retries", "1", "--max-fail", "1", "--bind",
                                luck, env={"LUCK": luck})
        self.assert_ended(result, exit=0)

    def test_max_fail_within_a_program(self):
        result = self.run_tests("Plain.*:Slow.Sleeps", "--max-fail", "1")
        self.assert_ended(result, exit=1)
        self.assertEqual(self.results(result)["Slow.Sleeps"], "not-run")

    def test_a_skip_after_a_failure_is_no_pass(self):
        luck = self.folder("luck")
        result = self.run_tests("Unluck.*", "--retries", "1", "--bind", luck, env={"LUCK": luck})
        self.assert_ended(result, exit=1)
        self.assertEqual(self.results(result), {"Unluck.SkipsSecond": "failed"})

    def test_fail_fast_skips_nothing_into_green(self):
        luck = self.folder("luck")
        result = self.run_tests("Luck.*:Ends.B", "--retries", "1", "--bind", luck, env={"LUCK": luck},
                                flags=["--gtest_fail_fast"])
        self.assert_ended(result, exit=1)
        self.assertEqual(self.results(result)["Ends.B"], "failed")

    def test_a_program_that_failed_runs_again_as_a_whole(self):
        self.run_tests("BadTearDown.*")
        again = self.run_tests("BadTearDown.*", f"--rerun-failed={self.work}/report-1.json")
        self.assert_ended(again, exit=1)
        self.assertEqual(len(self.results(again)), 2)

    def test_retries_end(self):
        result = self.run_tests("Ends.ByCrash", "--retries", "2")
        self.assert_ended(result, exit=1)
        self.assertEqual(len(result.report["tests"][0]["attempts"]), 3)

    def test_max_fail(self):
        result = self.run_tests("Ends.*", "--isolate=test", "-j1", "--max-fail", "2")
        self.assert_ended(result, exit=1)
        ends = list(self.results(result).values())
        self.assertEqual((ends.count("failed"), ends.count("not-run")), (2, 4))

    def test_rerun_failed(self):
        first = self.run_tests("Plain.*")
        report = os.path.join(self.work, "report-1.json")
        again = self.run_tests("Plain.*", f"--rerun-failed={report}")
        self.assert_ended(first, exit=1)
        self.assertEqual(self.results(again), {"Plain.Fails": "failed"})
        report = os.path.join(self.work, "report-2.json")
        third = self.run_tests("Plain.*", f"--rerun-failed={report}")
        self.assertEqual(self.results(third), {"Plain.Fails": "failed"})

    def test_repeat(self):
        result = self.run_tests("After.*", flags=["--gtest_repeat=3"])
        self.assert_ended(result, exit=0)
        self.assertEqual(result.stdout.count("[       OK ] After.IsRun"), 3)


class Shards(DependsOnNoKernel):
    def test_they_are_gtests_own(self):
        tests = "Plain.*:All/*:Types/*:After.*"
        seen = []
        for index in range(3):
            chosen = {"GTEST_TOTAL_SHARDS": "3", "GTEST_SHARD_INDEX": str(index)}
            outside = subprocess.run([probe(self.program), f"--gtest_filter={tests}"], env={**os.environ, **chosen},
                                     capture_output=True, text=True, check=False)
            expected = re.findall(r"^\[ RUN      \] (\S+)$", outside.stdout, re.MULTILINE)
            by_variable = self.run_tests(tests, env=chosen)
            by_option = self.run_tests(tests, "--shard", f"{index + 1}/3")
            for result in (by_variable, by_option):
                ran = [test["name"] for test in result.report["tests"] if test["attempts"]]
                self.assertEqual(ran, expected)
            seen += expected
        self.assertEqual(len(seen), len(set(seen)))
        self.assertIn("shards: none", self.run_tests("World.ShowsItsShard", env={
            "GTEST_TOTAL_SHARDS": "1", "GTEST_SHARD_INDEX": "0"}).stdout)


class GtestsOwnWords(DependsOnNoKernel):
    def simplified(self, text):
        """Without times, which differ."""
        return re.sub(r"\(\d+ ms( total)?\)", "()", text).splitlines()

    def test_the_stream_is_gtests(self):
        tests = "Plain.*:All/*:Types/*:After.*"
        outside = self.run_outside(tests)
        inside = self.run_tests(tests)
        without_main = [line for line in self.simplified(inside.stdout) if not line.startswith("Running main()")]
        expected = [line for line in self.simplified(outside.stdout)
                    if not line.startswith(("Running main()", "Note: "))]
        self.assertEqual(without_main, expected)

    def test_a_test_that_died_is_one_that_failed(self):
        for mode in MODES:
            with self.subTest(mode=mode):
                out = self.run_tests("Ends.*", "--isolate", mode).stdout.splitlines()
                for name in ("ByCrash", "ByExit", "ByExitWithFour", "ByAbort"):
                    begin = out.index(f"[ RUN      ] Ends.{name}")
                    rest = [line for line in out[begin + 1:] if line.startswith(("[ RUN", "[  FAILED  ]", "[       OK"))]
                    self.assertTrue(rest[0].startswith(f"[  FAILED  ] Ends.{name} ("), rest[0])
                self.assertEqual(sum(line.startswith("[==========] Running 7 tests from 1 test suite.") for line in out), 1)
                self.assertEqual(sum("tests from 1 test suite ran." in line for line in out), 1)
                self.assertEqual(sum(line.startswith("[ RUN ") for line in out), 7)
                self.assertIn(" 5 FAILED TESTS", out)

    def test_those_who_read_gtests_words_read_the_same(self):
        readers = gtest_readers.by_whole_lines, gtest_readers.by_the_test_that_runs
        tests = "Plain.*:All/*:Types/*:After.*"
        for how, reader in itertools.product(MODES, readers):
            with self.subTest(mode=how, reader=reader.__name__):
                outside = reader(self.run_outside(tests).stdout)
                inside = reader(self.run_tests(tests, "--isolate", how).stdout)
                self.assertEqual(sorted(inside), sorted(outside))
                if how == "binary":
                    self.assertEqual(inside, outside)

    def test_those_who_read_gtests_words_read_deaths_as_failures(self):
        with open(SOURCE_OF_TESTS, encoding="utf-8") as source:
            places = {found[1]: f"{SOURCE_OF_TESTS}:{number}" for number, line in enumerate(source, 1)
                      if (found := re.match(r"TEST\(Ends, (\w+)\)", line))}
        expected = {"Ends.A": "passed", "Ends.ByCrash": "failed", "Ends.B": "failed", "Ends.ByExit": "failed",
                    "Ends.ByExitWithFour": "failed", "Ends.ByAbort": "failed", "Ends.C": "passed"}
        for mode in MODES:
            with self.subTest(mode=mode):
                out = self.run_tests("Ends.*", "--isolate", mode).stdout
                for reader in (gtest_readers.by_whole_lines, gtest_readers.by_the_test_that_runs):
                    seen = reader(out)
                    self.assertEqual({test: result for test, result, _ in seen}, expected)
                    self.assertEqual(len(seen), len(expected))
                    for test, _, shown in seen:
                        if test.startswith("Ends.By"):
                            self.assertEqual(shown, [places[test.split(".")[1]]])
                self.assertEqual({test: result for test, result, _ in gtest_readers.one_at_a_time(out)}, expected)

    def test_the_list_passes_through(self):
        outside = self.run_outside("*", "--gtest_list_tests")
        inside = self.run_tests("*", flags=["--gtest_list_tests"], report="maybe")
        self.assert_ended(inside, exit=0)
        self.assertEqual(inside.stdout, outside.stdout)

    def shape(self, element):
        """An element without what differs from run to run."""
        skip = {"time", "timestamp"}
        attributes = {k: v for k, v in element.attrib.items() if k not in skip}
        children = [self.shape(child) for child in element
                    if not child.get("name", "").startswith("sandbox.")]
        return (element.tag, attributes, (element.text or "").strip(), [c for c in children if c != ("properties", {}, "", [])])

    def test_xml_and_json_are_gtests(self):
        tests = "Plain.*:All/*:Types/*:After.*"
        out = self.folder("out")
        outside = self.folder("outside")
        self.run_outside(tests, f"--gtest_output=xml:{outside}/t.xml")
        self.run_outside(tests, f"--gtest_output=json:{outside}/t.json")
        for mode in MODES:
            with self.subTest(mode=mode):
                self.run_tests(tests, "--isolate", mode,
                               flags=[f"--gtest_output=xml:{out}/t.xml", f"--gtest_output=json:{out}/t.json"])
                self.assertEqual(self.shape(xml.parse(f"{out}/t.xml").getroot()),
                                 self.shape(xml.parse(f"{outside}/t.xml").getroot()))
                with open(f"{out}/t.json", encoding="utf-8") as ours, open(f"{outside}/t.json", encoding="utf-8") as gtests:
                    document = json.load(ours)
                    self.assertEqual(self.comparable(document), self.comparable(json.load(gtests)))
                by_name = {test["name"]: test for suite in document["testsuites"] for test in suite["testsuite"]}
                self.assertIn("not today", by_name["Skips"]["skipped"][0]["message"])

    def comparable(self, value):
        """Without times, and without what gtest 1.12 does not write yet."""
        if isinstance(value, list):
            return [self.comparable(item) for item in value]
        if isinstance(value, dict):
            return {k: self.comparable(v) for k, v in value.items() if k not in ("time", "timestamp", "skipped")}
        return value

    def test_xml_survives_a_crash(self):
        out = self.folder("out")
        self.run_tests("Ends.*:BadTearDown.*", flags=[f"--gtest_output=xml:{out}/t.xml"])
        root = xml.parse(f"{out}/t.xml").getroot()
        ends = {case.get("name"): case for case in root.find("testsuite[@name='Ends']")}
        self.assertEqual(len(ends), 7)
        self.assertIn("SIGSEGV", ends["ByCrash"].find("failure").get("message"))
        self.assertEqual(len(ends["A"].findall("failure")), 0)
        self.assertIn("before the next crash", ends["B"].find("failure").text)
        self.assertIsNotNone(root.find("testsuite[@name='NonTestSuiteFailure']"))
        self.assertEqual(root.get("tests"), "10")
        self.assertEqual(root.get("failures"), "6")


class Interrupted(Runner):
    def test_what_ran_is_reported(self):
        out = self.folder("out")
        started = self.start("--", probe(self.program), "--gtest_filter=After.*:Ends.A:Slow.*",
                             f"--gtest_output=xml:{out}/t.xml", executable=SANDBOX_GTEST)
        harness.eventually(lambda: any(b"Slow.Sleeps" in line for line in iter(
            lambda: (started.line() + "\n").encode(), b"")), worlds.seconds(5))
        os.kill(started.pid, signal.SIGINT)
        result = started.finish()
        self.assert_ended(result, signal=signal.SIGINT)
        self.assertEqual(result.report["result"], "interrupted")
        self.assertEqual(self.results(result), {"Ends.A": "passed", "After.IsRun": "passed", "Slow.Sleeps": "not-run",
                                                "Slow.IsQuick": "not-run"})
        self.assertEqual(xml.parse(f"{out}/t.xml").getroot().get("tests"), "4")


    def test_in_a_later_iteration(self):
        started = self.start("--", probe(self.program), "--gtest_filter=Plain.Fails:Slow.Sleeps", "--gtest_repeat=3",
                             executable=SANDBOX_GTEST)
        while "Slow.Sleeps" not in started.line():
            pass
        os.kill(started.pid, signal.SIGTERM)
        result = started.finish()
        self.assert_ended(result, signal=signal.SIGTERM)
        self.assertEqual(result.report["result"], "interrupted")


class BadInput(DependsOnNoKernel):
    def refused(self, *args, exit=125, **how):
        result = self.sandbox(*args, executable=SANDBOX_GTEST, report=False, **how)
        self.assert_ended(result, exit=exit)
        self.assertEqual(result.stdout, "")
        return result.stderr

    def test_options(self):
        program = probe(self.program)
        self.assertIn("did you mean --isolate?", self.refused("--isolte=test", program))
        self.assertIn("binary, test or batch:N", self.refused("--isolate=all", program))
        self.assertIn("the second of four is 2/4", self.refused("--shard=2", program))
        self.assertIn("--events", self.refused("--events", "e.json", program))
        self.assertIn("--memory", self.refused("--memory", "12XB", program))
        self.assertIn("xml:FILE", self.refused(program, "--gtest_output=yaml:x"))
        self.assertIn("usage:", self.refused())

    def test_programs_that_are_none(self):
        self.assertIn("is it a GoogleTest program?", self.refused("/bin/true", exit=1))
        self.assertIn("exited with", self.refused("/bin/false", exit=1))
        self.assertIn("not found", self.refused("./no-such-program", exit=127))
        self.assertIn("selects", self.refused(probe(self.program), "--gtest_filter=Nothing.*", exit=1))

    def test_two_tests_of_one_name(self):
        twice = self.compile("twice", """#include <gtest/gtest.h>
struct T : testing::Test { void TestBody() override {} };
static bool once = [] { for (int i = 0; i < 2; ++i)
  testing::RegisterTest("R", "dup", nullptr, nullptr, __FILE__, __LINE__, []() -> T* { return new T; }); return true; }();
""", "-lgtest", "-lgtest_main")
        self.assertIn("R.dup", self.refused(twice, exit=1))

    def test_a_report_that_cannot_be_written(self):
        result = self.run_tests("After.*", "--report", "/no/such/folder/r.json", report=False)
        self.assert_ended(result, exit=125)
        self.assertNotIn("RUN", result.stdout)


class Direct(DependsOnNoKernel):
    def test_disabled(self):
        result = self.run_tests("After.*", report="maybe", env={"SANDBOX_DISABLE": "1"})
        self.assert_ended(result, exit=0)
        self.assertRegex(result.stderr, "^sandbox-gtest: SANDBOX_DISABLE is set: .* runs without a sandbox\n$")
        self.assertIn("[       OK ] After.IsRun", result.stdout)


    def test_a_debugger_gets_the_program(self):
        with open(SOURCE_OF_TESTS, encoding="utf-8") as source:
            line = 1 + next(at for at, text in enumerate(source, 1) if text.startswith("TEST(Plain, Passes)"))
        place = f"misbehaving.cpp:{line}"
        result = self.sandbox(
            "-nx", "-q", "-batch", "-ex", "set breakpoint pending on", "-ex", f"break {place}", "-ex", "run", "-ex",
            "backtrace 1", "--args", SANDBOX_GTEST, "--memory", "64M", probe(self.program), "--gtest_filter=Plain.Passes",
            executable="/usr/bin/gdb", report=False, timeout=60)
        self.assertIn("a debugger traces it", result.stderr + result.stdout)
        self.assertRegex(result.stdout, rf"Plain_Passes_Test::TestBody .* at .*{place}")


class Live(Runner):
    def test_who_watches_sees_what_runs(self):
        screen, terminal = os.openpty()
        started = self.start("--test-timeout", f"{worlds.seconds(1.3)}s", "--", probe(self.program),
                             "--gtest_filter=Slow.Sleeps:After.*", executable=SANDBOX_GTEST, stdout=terminal)
        os.close(terminal)
        seen = b""
        with open(screen, "rb", buffering=0) as reader:
            while chunk := self.read_screen(reader):
                seen += chunk
        result = started.finish()
        self.assert_ended(result, exit=1)
        text = seen.decode()
        times = re.findall(r"\[1/2\] \d+\.\d s  Slow\.Sleeps (\d+\.\d) s", text)
        self.assertGreater(len(set(times)), 1, text)
        memory = re.search(r"Slow\.Sleeps \d+\.\d s \d[\d.]* [KMG]iB", text)
        self.assertEqual(bool(memory), worlds.available("memory_group"), text)

    def read_screen(self, reader):
        try:
            return reader.read(4096)
        except OSError:  # EIO: nobody has the other side open
            return b""


class Terminal(DependsOnNoKernel):
    def test_failures_in_full_and_a_sum(self):
        result = self.run_tests("Plain.*:Ends.ByCrash:Errors.*", "--output", "terminal")
        self.assert_ended(result, exit=1)
        for words in ("FAILED Plain.Fails", "said before", "a <b> & \"c\"", "FAILED Ends.ByCrash", "SIGSEGV", "last words",
                      "to stderr", "3 failed, 1 passed, 1 skipped, 1 disabled in "):
            self.assertIn(words, result.stdout)
        self.assertNotIn("[ RUN", result.stdout)


if __name__ == "__main__":
    harness.main()
