"""Caps hold, are told with who enforces them, and are never silently missing."""

import json
import os
import time

import groups
import harness
import worlds
from harness import E2E, probe, seconds

MIB = 1024 * 1024


def limit(result, name):
    return next((record for record in result.report["limits"] if record["name"] == name), None)


class Enforced(E2E):
    def assert_enforced(self, result, name, requested, enforced, by):
        record = limit(result, name)
        self.assertIsNotNone(record, f"no {name} in limits")
        self.assertEqual(record["requested"], requested)
        self.assertRegex(record["enforced"] or "", enforced)
        self.assertRegex(record["by"] or "", by)

    def test_memory(self):
        self.require("memory_group")
        result = self.sandbox("--memory", "64M", "--", probe("exit-with"), "0")
        self.assert_passed(result)
        self.assert_enforced(result, "memory", "64M", str(64 * MIB), "cgroup v[12]")
        self.assertRegex(result.report["usage"]["sources"]["memory_peak_bytes"], "cgroup v[12]")

    def test_memory_holds_for_all_processes_together(self):
        self.require("memory_group")
        hog = f"{probe('eat-memory')} 50 --hold 5"
        result = self.shell(f"{hog} & {hog} & wait", "--memory", "64M", "--timeout", "20")
        self.assertGreaterEqual(result.report["usage"]["oom_kills"], 1)
        self.assertLessEqual(result.report["usage"]["memory_peak_bytes"], 64 * MIB)

    def test_swap_is_no_way_out(self):
        self.require("memory_group")
        result = self.sandbox("--memory", "64M", "--", probe("eat-memory"), "100")
        self.assertEqual(result.report["verdict"], "out-of-memory")

    def test_a_cpu_quota(self):
        self.require("cpu_group", "two_cpus" if not worlds.USER_MODE_LINUX else "cpu_group")
        result = self.sandbox("--cpus", "0.5", "--", probe("spin-cpu"), "2", "--threads", "2")
        self.assert_passed(result)
        used = float(result.stdout)
        self.assertLess(used, 1.35)
        self.assert_enforced(result, "cpus", "0.5", "^50000", "cgroup v[12]")
        if used > 0.95:  # on a machine so busy that it had less, nothing was throttled
            self.assertGreater(result.report["usage"]["cpu_throttled_seconds"], 0)

    def test_cpu_usage_is_counted_with_children(self):
        result = self.sandbox("--", probe("spin-cpu"), "0.5", "--children", "2")
        self.assert_passed(result)
        usage = result.report["usage"]
        used = usage["cpu_user_seconds"] + usage["cpu_system_seconds"]
        self.assertGreaterEqual(used, 0.8 * float(result.stdout))
        self.assertLess(used, float(result.stdout) + seconds(0.3))

    def test_cpu_usage_without_a_group_is_counted_with_what_is_left_over(self):
        wait = "until [ $(cut -d' ' -f14 /proc/$!/stat) -ge 30 ]; do sleep 0.05; done"  # 0.3 s
        result = self.shell(f"{probe('spin-cpu')} 60 & {wait}", env={"SANDBOX_CGROUP": "/nowhere"})
        self.assertEqual((result.report["cgroup"], result.report["verdict"]), ("none", "passed"), str(result))
        usage = result.report["usage"]
        self.assertGreaterEqual(usage["cpu_user_seconds"] + usage["cpu_system_seconds"], 0.3)

    def test_cpu_usage_without_a_group_is_counted_when_the_grace_is_over(self):
        result = self.sandbox("--timeout", "1", "--grace", "100ms", "--", "sh", "-c", "trap '' TERM; while :; do :; done",
                              env={"SANDBOX_CGROUP": "/nowhere"})
        self.assert_verdict(result, "timed-out", exit=124)
        usage, evidence = result.report["usage"], result.report["evidence"]
        self.assertEqual(result.report["cgroup"], "none")
        self.assertGreater(evidence["cpu_seconds"], 0)
        self.assertGreaterEqual(usage["cpu_user_seconds"] + usage["cpu_system_seconds"], evidence["cpu_seconds"] - 0.001)

    def test_pids(self):
        result = self.sandbox("--pids", "20", "--", probe("fork-bomb"), "200")
        self.assertEqual(result.exit, 4, str(result))
        count, error = result.stdout.split()
        self.assertEqual(error, "EAGAIN")
        self.assertTrue(15 <= int(count) <= 20, count)
        self.assert_enforced(result, "pids", "20", "2[0-9]", ".")

    def test_the_met_pids_cap_is_in_the_reason(self):
        self.require("pids_group")
        result = self.sandbox("--pids", "20", "--", probe("fork-bomb"), "200")
        self.assert_verdict(result, "failed", exit=4)
        self.assertIn("it met its cap of 20 processes", result.sentence)
        self.assertEqual(result.hint, "--pids N raises the cap")

    def test_a_fork_bomb_ends_at_the_default_cap(self):
        self.require("pids_group", "native_speed")
        result = self.sandbox("--timeout", "25", "--", probe("fork-bomb"), "6000")
        self.assertEqual(result.exit, 4, str(result))
        self.assertLessEqual(int(result.stdout.split()[0]), 4096)

    def test_a_cpu_set(self):
        allowed = sorted(os.sched_getaffinity(0))
        one = str(allowed[-1])
        result = self.shell("taskset -pc $$ | sed 's/.*: //'", "--cpuset", one)
        self.assert_passed(result)
        self.assertEqual(result.stdout.strip(), one)
        self.assert_enforced(result, "cpuset", one, one, "affinity|cpuset")

    def test_an_automatic_cpu_set_takes_distinct_cpus(self):
        self.require("two_cpus")
        line = "taskset -pc $$ | sed 's/.*: //'; sleep 20"
        started = [self.start("--cpuset", "auto", "--cpus", "1", "--best-effort", "--", "sh", "-c", line) for _ in range(2)]
        seen = [one.line() for one in started]
        for one in started:
            one.process.terminate()
            one.finish()
        self.assertNotEqual(*seen)

    def test_deadlines_are_listed(self):
        result = self.sandbox("--timeout", "10", "--cpu-time", "5", "--", probe("exit-with"), "0")
        self.assert_enforced(result, "timeout", "10", ".", ".")
        self.assert_enforced(result, "cpu-time", "5", ".", ".")

    def test_unasked_there_is_no_cap_on_memory_cpu_and_time(self):
        result = self.sandbox("--", probe("exit-with"), "0")
        self.assertEqual({record["name"] for record in result.report["limits"]} - {"pids"}, set())

    def test_two_runs_at_once_have_caps_of_their_own(self):
        self.require("memory_group")
        small = self.start("--memory", "64M", "--", probe("eat-memory"), "200")
        large = self.start("--memory", "512M", "--", probe("eat-memory"), "200")
        self.assert_verdict(small.finish(), "out-of-memory", signal=9)
        self.assert_passed(large.finish())

    def test_the_program_is_not_charged_to_the_test(self):
        """A big program that is not in the page cache yet must not eat the cap of the first test that runs it."""
        self.require("memory_group", "native_speed")
        big = os.path.join(self.project, "big")
        with open("/bin/true", "rb") as file:
            self.file("project/big", file.read() + os.urandom(40 * MIB), 0o755)
        os.sync()
        with open(big, "rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        result = self.sandbox("--memory", "200M", "--", big)
        self.assert_passed(result)
        self.assertLess(result.report["usage"]["memory_at_end_file_bytes"], 20 * MIB)


# As in a container: every cgroup mount is read-only.
READ_ONLY_GROUPS = ("unshare", "-m", "sh", "-c", "for place in $(awk '$3 ~ /^cgroup/ {print $2}' /proc/mounts); do "
                    "mount -o remount,bind,ro $place; done; exec \"$@\"", "sh")


class NotEnforceable(E2E):
    """A caller who may make no group."""

    def without_groups(self, *args):
        if worlds.CALLER == 0:
            return self.sandbox(*args, wrapper=READ_ONLY_GROUPS)
        if not (worlds.V1 and worlds.HARNESS_IS_ROOT):
            self.skipTest("needs root to take the group away")
        # An ordinary user in a group of root's.
        return self.sandbox(*args, group_file=os.path.join(groups.OWN.homes["memory"], "tasks"))

    def test_a_memory_cap_that_was_asked_for(self):
        result = self.without_groups("--memory", "64M", "--", probe("write-file"), "/tmp/ran")
        self.assert_verdict(result, "setup-failed", exit=125)
        self.assertRegex(result.sentence, r"^setup-failed: cannot enforce --memory 64M: .+")
        self.assertIn("--best-effort", result.hint)
        self.assertEqual(result.report["exit"]["code"], None)
        self.assertTrue(result.report["evidence"]["setup"]["unsupported"])

    def test_a_cpu_cap_that_was_asked_for(self):
        if worlds.CALLER != 0:
            self.skipTest("only the memory group is taken away")
        result = self.without_groups("--cpus", "1", "--", probe("exit-with"), "0")
        self.assert_verdict(result, "setup-failed", exit=125)
        self.assertRegex(result.sentence, r"^setup-failed: cannot enforce --cpus 1: .+")

    def test_best_effort_goes_on_and_names_it(self):
        result = self.without_groups("--best-effort", "--memory", "64M", "--", probe("exit-with"), "0")
        self.assert_passed(result)
        record = limit(result, "memory")
        self.assertIsNone(record["enforced"])
        self.assertTrue(record["by"], "no reason why the cap is missing")
        self.assertIn("memory", json.dumps(result.report["warnings"]))

    def test_without_caps_it_runs(self):
        result = self.without_groups("--", probe("exit-with"), "0")
        self.assert_passed(result)
        self.assertIsNone(result.report["usage"]["memory_peak_bytes"])

    def test_a_skip_can_be_asked_for(self):
        result = self.without_groups("--if-unsupported=skip", "--memory", "64M", "--", probe("exit-with"), "0")
        self.assert_ended(result, exit=77)
        self.assertEqual(result.report["verdict"], "setup-failed")

    def test_pids_hold_without_a_group(self):
        result = self.without_groups("--pids", "20", "--", probe("fork-bomb"), "200")
        if worlds.USER_MODE_LINUX and worlds.CALLER == 0:  # it stays root there, whom RLIMIT_NPROC does not hold
            self.assert_refused(result, 125, "--pids 20")
            return
        self.assertEqual(result.exit, 4, str(result))
        self.assertIn("EAGAIN", result.stdout)

    def test_figures_without_a_group_are_unknown_and_not_zero(self):
        result = self.without_groups("--", probe("spin-cpu"), "0.3")
        usage = result.report["usage"]
        self.assertIsNone(usage["memory_peak_bytes"])
        self.assertIsNone(usage["oom_kills"])
        self.assertGreaterEqual(usage["cpu_user_seconds"] + usage["cpu_system_seconds"], 0.9 * float(result.stdout))


class Figures(E2E):
    def test_wall_time_is_the_tests_own(self):
        begin = time.monotonic()
        result = self.shell("sleep 0.5")
        took = time.monotonic() - begin
        wall = result.report["usage"]["wall_seconds"]
        self.assertTrue(0.5 <= wall <= took, (wall, took))

    def test_each_figure_that_is_known_has_a_source(self):
        usage = self.sandbox("--", probe("exit-with"), "0").report["usage"]
        for name, value in usage.items():
            if name != "sources" and value is not None:
                with self.subTest(figure=name):
                    self.assertTrue(usage["sources"][name])

    def test_what_is_left_at_the_end_is_told_apart(self):
        self.require("memory_group")
        result = self.sandbox("--memory", "256M", "--", probe("fill-place"), "/tmp", "50")
        self.assert_passed(result)
        self.assertGreaterEqual(result.report["usage"]["memory_at_end_shmem_bytes"], 50 * MIB)
        self.assertLess(result.report["usage"]["memory_anon_peak_estimate_bytes"] or 0, 20 * MIB)


if __name__ == "__main__":
    harness.main()
