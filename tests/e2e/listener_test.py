"""A GoogleTest program that links sandbox::gtest: figures of each TEST, blame, budgets, and nothing else changed."""

import json
import os
import signal
import subprocess
import xml.etree.ElementTree as xml

import harness
import worlds
from harness import E2E, probe

MIB = 1024 * 1024
PEAK_IS_OWN = worlds.V1 or worlds.KERNEL >= (6, 12)


class Listener(E2E):
    program = "gtest-fixture"

    def gtest(self, tests, *options, flags=(), **how):
        return self.sandbox(*options, "--", probe(self.program), f"--gtest_filter={tests}", *flags, timeout=40, **how)

    def by_name(self, result):
        return {test["name"]: test for test in result.report["tests"]}


class Figures(Listener):
    def test_each_test_has_its_own(self):
        self.require("memory_group", "cpu_group", "pids_group")
        result = self.gtest("Figures.*:Suite.*", "--memory", "256M")
        self.assert_passed(result)
        tests = self.by_name(result)
        self.assertGreater(tests["Figures.Large"]["memory_peak_bytes"], 48 * MIB)
        for name in ("Figures.Small", "Suite.UsesLittleItself"):
            self.assertLess(tests[name]["memory_grown_bytes"], 24 * MIB, name)
            self.assertEqual(tests[name]["memory_peak_cumulative"], not PEAK_IS_OWN)
        if PEAK_IS_OWN:
            self.assertLess(tests["Figures.Small"]["memory_peak_bytes"], 40 * MIB)
        for name in ("Figures.Computes", "Figures.AChildComputes"):
            used = tests[name]["cpu_user_seconds"] + tests[name]["cpu_system_seconds"]
            self.assertGreater(used, 0.24, name)
        for test in tests.values():
            self.assertTrue(test["file"].endswith("fixture.cpp"), test)
            self.assertEqual((test["result"], test["processes_left"], test["threads_left"], test["descriptors_left"]),
                             ("passed", 0, 0, 0), test)
        known, grown = result.stderr.split("usage: ")[1].split()[:2]
        self.assertEqual(known, "1")
        self.assertGreater(int(grown), 39 * MIB)

    def test_results(self):
        result = self.gtest("Ends.*")
        self.assert_verdict(result, "failed", exit=1)
        self.assertEqual({name: test["result"] for name, test in self.by_name(result).items()},
                         {"Ends.Passes": "passed", "Ends.Fails": "failed", "Ends.Skips": "skipped",
                          "Ends.Throws": "failed"})
        self.assertIsNone(result.report["test"])

    def test_in_gtests_own_xml_and_json(self):
        out = self.folder("out")
        for kind in ("xml", "json"):
            self.gtest("Figures.Large", "--bind", out, flags=(f"--gtest_output={kind}:{out}/t.{kind}",))
        names = [p.get("name") for p in xml.parse(f"{out}/t.xml").getroot().iter("property")]
        with open(f"{out}/t.json", encoding="utf-8") as file:
            case = json.load(file)["testsuites"][0]["testsuite"][0]
        for key in ("sandbox.wall_seconds", "sandbox.cpu_user_seconds", "sandbox.memory_grown_bytes"):
            self.assertIn(key, names)
            self.assertIn(key, case)
        self.assertGreater(float(case["sandbox.wall_seconds"]), 0)

    def test_on_stderr_when_asked(self):
        quiet = self.gtest("Figures.Small:Figures.Large")
        self.assertEqual(quiet.stderr, "")
        result = self.gtest("Figures.Small:Figures.Large", env={"SANDBOX_GTEST_PRINT": "always"})
        lines = [line for line in result.stderr.splitlines() if line.startswith("sandbox: Figures.")]
        self.assertEqual(len(lines), 2, result.stderr)
        self.assertRegex(lines[0], r"^sandbox: Figures.Large took [0-9.]+ s, CPU [0-9.]+ s, memory (peak|grown by) ")
        slow = self.gtest("Figures.Small", env={"SANDBOX_GTEST_PRINT": "slow"})
        self.assertEqual(slow.stderr, "")

    def test_repeated_shuffled_and_sharded(self):
        result = self.gtest("Ends.Passes:Figures.Small", flags=("--gtest_repeat=3", "--gtest_shuffle"))
        self.assert_passed(result)
        self.assertEqual(sorted(test["name"] for test in result.report["tests"]),
                         ["Ends.Passes"] * 3 + ["Figures.Small"] * 3)
        shard = self.gtest("Ends.Passes:Figures.Small", env={"GTEST_TOTAL_SHARDS": "2", "GTEST_SHARD_INDEX": "1"})
        self.assertEqual(len(shard.report["tests"]), 1)

    def test_typed_and_parameterised(self):
        result = self.gtest("*Typed*:*Parameterised*")
        self.assert_passed(result)
        self.assertEqual(set(self.by_name(result)), {
            "Typed/0.Passes", "Typed/1.Passes", "Numbers/Parameterised.Passes/0", "Numbers/Parameterised.Passes/1"})


class Blame(Listener):
    def assert_blamed(self, result, test):
        self.assertEqual(result.report["test"], test)
        self.assertEqual(self.by_name(result)[test]["result"], "unfinished")
        self.assertEqual(self.by_name(result)["Ends.Passes"]["result"], "passed")

    def test_a_crash(self):
        result = self.gtest("Ends.Passes:Dies.OfSegv")
        self.assert_verdict(result, "crashed", signal=signal.SIGSEGV)
        self.assertIn("died of SIGSEGV in TEST Dies.OfSegv", result.sentence)
        self.assert_blamed(result, "Dies.OfSegv")

    def test_an_oom_kill(self):
        self.require("memory_group")
        result = self.gtest("Ends.Passes:Dies.OfMemory", "--memory", "64M")
        self.assert_verdict(result, "out-of-memory", signal=signal.SIGKILL)
        self.assert_blamed(result, "Dies.OfMemory")

    def test_an_oom_kill_of_a_child(self):
        self.require("memory_group")
        result = self.gtest("Ends.Passes:Dies.NotButAChildDoesOfMemory", "--memory", "64M")
        self.assert_ended(result, exit=0)
        self.assertEqual(self.by_name(result)["Dies.NotButAChildDoesOfMemory"]["oom_kills"], 1)
        self.assertEqual(self.by_name(result)["Ends.Passes"]["oom_kills"], 0)

    def test_a_timeout(self):
        result = self.gtest("Ends.Passes:Dies.NotButHangs", "--timeout", str(worlds.seconds(0.5)))
        self.assert_verdict(result, "timed-out", exit=124)
        self.assert_blamed(result, "Dies.NotButHangs")

    def test_an_exit_within_a_test(self):
        result = self.gtest("Ends.Passes:Dies.ByExit")
        self.assert_ended(result, exit=0)
        self.assertIn("ended within TEST Dies.ByExit", " ".join(result.report["warnings"]))
        self.assert_blamed(result, "Dies.ByExit")
        code = self.gtest("Ends.Passes:Dies.ByExitWithACode")
        self.assert_verdict(code, "failed", exit=3)
        self.assert_blamed(code, "Dies.ByExitWithACode")


class Checks(Listener):
    def test_a_budget(self):
        self.require("memory_group")
        result = self.gtest("Budget.*", "--memory", "256M")
        if PEAK_IS_OWN:
            self.assert_verdict(result, "failed", exit=1)
            self.assertRegex(result.stdout, r"fixture.cpp:\d+: Failure\nFailed\nmemory peak [0-9.]+ MiB, budget 16.0 MiB")
            self.assertIn("[  FAILED  ] Budget.Over", result.stdout)
            self.assertEqual(self.by_name(result)["Budget.Over"]["result"], "failed")
        else:  # what it ate was given back: it has not grown
            self.assert_ended(result, exit=0)
        self.assertIn("[       OK ] Budget.Within", result.stdout)
        self.assertEqual(self.by_name(result)["Budget.Within"]["result"], "passed")

    def test_leaks(self):
        self.require("pids_group")
        result = self.gtest("Leaks.*:Ends.Passes", "--timeout", str(worlds.seconds(20)))
        self.assert_verdict(result, "failed", exit=1)
        for what, count in (("Process", "1 processes"), ("Thread", "1 threads"), ("Descriptor", "1 descriptors")):
            with self.subTest(what):
                self.assertIn(f"left over: {count}\n", result.stdout)
                self.assertIn(f"[  FAILED  ] Leaks.{what}", result.stdout)
        self.assertIn("[       OK ] Ends.Passes", result.stdout)

    def test_outside_nothing_is_checked_and_nothing_is_different(self):
        run = subprocess.run([probe(self.program), "--gtest_filter=Budget.*:Figures.Usage"], capture_output=True,
                             text=True, timeout=60, check=False)
        self.assertEqual(run.returncode, 0, run.stdout)
        self.assertEqual(run.stderr.splitlines(), ["usage: 0 0",
                                                   "sandbox: no channel to sandbox-exec, so budgets and leaks are not checked"])
        self.assertNotIn("sandbox.", run.stdout)


class Others(Listener):
    def test_death_tests_and_programs_of_a_test_tell_nothing(self):
        result = self.gtest("Others*.*")
        self.assert_ended(result, exit=0)
        self.assertEqual({test["name"]: test["result"] for test in result.report["tests"]},
                         dict.fromkeys(["OthersDeathTest.ThatForbidsLeaks", "OthersDeathTest.Fast",
                                        "OthersDeathTest.ThreadSafe", "Others.ThreadsThatWereJoinedAreNoLeak",
                                        "Others.AreStartedByATest"], "passed"))

    def test_a_descriptor_that_took_the_channels_place_is_the_programs_own(self):
        result = self.gtest("Reuses.*")
        self.assert_ended(result, exit=0)
        self.assertIn("sandbox: no answer from sandbox-exec, so budgets and leaks are not checked\n", result.stderr)

    def test_the_one_that_ran_is_blamed_once_all_descriptors_are_closed(self):
        for closes in ("AllDescriptors", "ThoughAServerHoldsThem"):
            for after in ("ClosesThen.Crashes", "ClosesThen.*"):
                with self.subTest(closes=closes, after=after):
                    result = self.gtest(f"Closes.{closes}:{after}")
                    self.assert_verdict(result, "crashed", signal=signal.SIGSEGV)
                    self.assertEqual(result.report["test"], "ClosesThen.Crashes")
                    tests = self.by_name(result)
                    self.assertEqual(tests["ClosesThen.Crashes"]["result"], "unfinished")
                    if f"Closes.{closes}" in tests:
                        self.assertEqual(tests[f"Closes.{closes}"]["result"], "unknown")

    def test_of_two_programs_at_once_one_is_heard_and_neither_waits(self):
        program = probe(self.program)
        result = self.shell(f"""
{program} --gtest_filter=Figures.Computes --gtest_repeat=6 & sleep 0.4
{program} --gtest_filter=Budget.Over; wait""")
        self.assert_ended(result, exit=0)
        self.assertEqual([(test["name"], test["result"]) for test in result.report["tests"]],
                         [("Figures.Computes", "passed")] * 6)
        for test in result.report["tests"]:
            self.assertGreater(test["wall_seconds"], 0.2)
        self.assertIn("two programs told of TESTs at once", " ".join(result.report["warnings"]))
        self.assertIn("sandbox-exec, so budgets and leaks are not checked", result.stderr)

    def test_stdout_is_gtests_own(self):
        flags = ("--gtest_filter=Ends.*:Figures.Small", "--gtest_print_time=0")
        inside = self.sandbox("--", probe(self.program), *flags)
        outside = subprocess.run([probe(self.program), *flags], capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual(inside.stdout, outside.stdout)


class Cxx14(Figures, Blame):
    program = "gtest-fixture-cxx14"

    def setUp(self):
        super().setUp()
        if worlds.USER_MODE_LINUX:
            self.skipTest("the same listener, compiled otherwise: that is seen on any kernel")


class ThroughALibrary(E2E):
    def test_linking_is_enough(self):
        result = self.sandbox("--", probe("gtest-fixture-indirect"), "--gtest_filter=Ends.Passes")
        self.assert_passed(result)
        self.assertEqual([test["name"] for test in result.report["tests"]], ["Ends.Passes"])

    def test_linked_more_than_once_it_counts_once(self):
        """By an object library, by a shared one and by the program itself."""
        result = self.sandbox("--", probe("gtest-fixture-often"), "--gtest_filter=Ends.Passes:Leaks.Descriptor")
        self.assertEqual([(test["name"], test["result"]) for test in result.report["tests"]],
                         [("Leaks.Descriptor", "failed"), ("Ends.Passes", "passed")])
        self.assertEqual(result.stdout.count("left over: 1 descriptors"), 1, result.stdout)
        self.assertNotIn("two programs", " ".join(result.report["warnings"]))


if __name__ == "__main__":
    harness.main()
