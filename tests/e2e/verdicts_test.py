"""Each way to end has its own verdict, its own sentence and its own exit."""

import os
import re
import signal
import time

import groups
import harness
import processes
import worlds
from harness import E2E, probe, seconds

FIGURE = r"[0-9.]+ (?:KiB|MiB|GiB)"
MIB = 1024 * 1024


def name(program):
    return re.escape(probe(program))


class OwnEnd(E2E):
    def test_a_pass_says_nothing(self):
        result = self.sandbox("--", probe("exit-with"), "0")
        self.assert_passed(result)
        self.assertEqual((result.stdout, result.stderr), ("", ""))
        self.assertIsNone(result.report["reason"])
        self.assertEqual(result.report["exit"]["code"], 0)

    def test_the_exit_code_is_the_tests_own(self):
        result = self.sandbox("--", probe("exit-with"), "3")
        self.assert_verdict(result, "failed", exit=3)
        self.assert_sentence(result, f"failed: {name('exit-with')} exited with 3")
        self.assertEqual(result.report["exit"], {**result.report["exit"], "code": 3, "signal": None})

    def test_137_is_an_exit_code_and_no_kill(self):
        result = self.sandbox("--", probe("exit-with"), "137")
        self.assert_verdict(result, "failed", exit=137)
        self.assert_sentence(result, rf"failed: {name('exit-with')} exited with 137 \(its own exit code, not a signal\)")
        self.assertIsNone(result.report["exit"]["signal"])

    def test_codes_that_the_sandbox_uses_stay_the_tests_own(self):
        for code in (77, 124, 125, 126, 127, 255):
            with self.subTest(code=code):
                result = self.sandbox("--", probe("exit-with"), str(code))
                self.assert_verdict(result, "failed", exit=code)
                self.assertEqual(result.report["exit"]["code"], code)

    def test_a_crash_is_told_by_its_signal(self):
        for word in ("SEGV", "ABRT", "FPE", "ILL", "BUS", "TRAP"):
            with self.subTest(signal=word):
                result = self.sandbox("--", probe("crash"), word)
                number = getattr(signal, "SIG" + word)
                self.assert_verdict(result, "crashed", signal=number)
                self.assertIn(f"died of SIG{word}", result.sentence)
                self.assertEqual(result.report["exit"]["signal"], number)
                self.assertEqual(result.report["evidence"]["sender"], "itself")

    def test_a_crash_leaves_no_core_of_either_program(self):
        self.sandbox("--", probe("crash"), "SEGV", cwd=self.project)
        self.assertEqual(os.listdir(self.project), [])

    def test_a_signal_exit_can_be_a_code(self):
        result = self.sandbox("--signal-exit=code", "--", probe("crash"), "SEGV")
        self.assert_verdict(result, "crashed", exit=139)

    def test_quiet_silences_sentence_and_hint_only(self):
        result = self.sandbox("--quiet", "--", probe("exit-with"), "3")
        self.assert_ended(result, exit=3)
        self.assertEqual(result.stderr, "")
        self.assertIn("exited with 3", result.report["reason"])

    def test_output_is_handed_on_untouched(self):
        result = self.shell("printf 'a\\0b'; printf 'c' >&2")
        self.assert_passed(result)
        self.assertEqual((result.stdout, result.stderr), ("a\0b", "c"))

    def test_what_a_passed_test_left_running_is_listed_and_not_waited_for(self):
        result = self.sandbox("--", probe("leave-daemon"))
        self.assert_passed(result)
        self.assertLess(result.seconds, seconds(3))
        self.assertIn("left-daemon", [thread["name"] for thread in result.report["leaks"]])

    def test_what_a_failed_test_left_running_does_not_change_its_code(self):
        result = self.sandbox("--", probe("leave-daemon"), "5")
        self.assert_verdict(result, "failed", exit=5)
        self.assertTrue(result.report["leaks"])


class Killed(E2E):
    def test_sigkill_from_a_sibling_inside(self):
        result = self.sandbox("--", probe("kill-sibling"))
        self.assert_verdict(result, "killed", signal=signal.SIGKILL)
        self.assertNotEqual(result.report["evidence"]["sender"], "outside")
        self.assert_sentence(
            result, rf"killed: {name('kill-sibling')} got SIGKILL from (a process inside the sandbox|inside or outside "
                    r"the sandbox \(the kernel does not say which\)); not memory \(no OOM kill counted\), not a limit of ours"
            if groups.has_controller("memory") else ".*got SIGKILL from .*inside.*")

    def test_sigterm_from_a_sibling_inside_is_no_limit_of_ours(self):
        result = self.sandbox("--", probe("kill-sibling"), "TERM")
        self.assert_verdict(result, "killed", signal=signal.SIGTERM)
        self.assertIn("got SIGTERM", result.sentence)

    def test_a_kill_of_everything_inside(self):
        result = self.sandbox("--", probe("kill-all"))
        self.assert_verdict(result, "killed", signal=signal.SIGKILL)

    def test_sigkill_from_outside(self):
        started = self.start("--memory", "512M", "--", probe("sleep-forever")) if groups.has_controller("memory") \
            else self.start("--", probe("sleep-forever"))
        started.line()
        os.kill(started.wait_for("sleep-forever"), signal.SIGKILL)
        result = started.finish()
        self.assert_verdict(result, "killed", signal=signal.SIGKILL)
        self.assertNotEqual(result.report["evidence"]["sender"], "inside")
        self.assertRegex(result.sentence, f"^killed: {name('sleep-forever')} got SIGKILL from .*outside.*not a limit of ours")

    def test_the_kills_from_inside_and_outside_are_told_apart(self):
        """Each time, also when it comes in the very moment that the test starts."""
        for _ in range(10 if not worlds.USER_MODE_LINUX else 3):
            inside = self.sandbox("--", probe("kill-sibling"))
            self.assertEqual(inside.report["evidence"]["sender"], "inside")
        started = self.start("--", probe("sleep-forever"))
        started.line()
        os.kill(started.wait_for("sleep-forever"), signal.SIGKILL)
        self.assertEqual(started.finish().report["evidence"]["sender"], "outside")

    def test_the_init_cannot_be_killed_from_inside(self):
        for how in ("kill", "term", "cpu-limit", "memory-limit", "ptrace"):
            with self.subTest(how=how):
                result = self.sandbox("--", probe("kill-init"), how)
                self.assert_passed(result)
                self.assertTrue(result.stdout.endswith("alive\n"), str(result))

    def test_the_init_killed_from_outside(self):
        started = self.start("--", probe("sleep-forever"))
        started.line()
        main = started.wait_for("sleep-forever")
        init = next(pid for pid in processes.descendants(started.pid) if pid != main)
        os.kill(init, signal.SIGKILL)
        result = started.finish()
        self.assert_verdict(result, "killed", signal=signal.SIGKILL)
        self.assertTrue(result.report["evidence"]["init_died"])


class OutOfMemory(E2E):
    def setUp(self):
        super().setUp()
        self.require("memory_group")

    def test_the_main_process(self):
        result = self.sandbox("--memory", "64M", "--", probe("eat-memory"), "200")
        self.assert_verdict(result, "out-of-memory", signal=signal.SIGKILL)
        self.assert_sentence(result, rf"out-of-memory: {name('eat-memory')} was killed at its memory cap of 64 MiB "
                                     rf"\(peak {FIGURE}: [0-9.]+ anonymous.*\)")
        evidence = result.report["evidence"]
        self.assertEqual(evidence["sender"], "kernel")
        self.assertEqual(evidence["memory_cap_bytes"], 64 * MIB)
        self.assertGreaterEqual(evidence["oom_kills"], 1)
        self.assertGreater(evidence["memory_peak_bytes"], 60 * MIB)
        self.assertLessEqual(result.report["usage"]["memory_peak_bytes"], 64 * MIB)
        self.assertIn("oom", [event["kind"] for event in result.report["events"]])

    def test_a_child_and_main_fails_after_it(self):
        result = self.sandbox("--memory", "64M", "--", probe("eat-memory"), "200", "--child")
        self.assert_verdict(result, "out-of-memory", exit=3)
        self.assertRegex(result.sentence, f"^out-of-memory: {name('eat-memory')} exited with 3 after one of its processes "
                                          "was killed at its memory cap of 64 MiB")
        self.assertTrue(result.report["evidence"]["victim_was_child"])

    def test_a_child_and_main_passes_after_it(self):
        result = self.sandbox("--memory", "64M", "--", probe("eat-memory"), "200", "--child-ok")
        self.assert_passed(result)
        self.assertEqual(result.stdout, "child killed\n")
        self.assertIn("oom", [event["kind"] for event in result.report["events"]])
        self.assertGreaterEqual(result.report["usage"]["oom_kills"], 1)

    def test_files_in_fresh_places_count(self):
        result = self.sandbox("--memory", "64M", "--tmpfs", "/tmp:500M", "--project", "none", "--chdir", "/tmp", "--",
                              probe("fill-place"), "/tmp", "200")
        self.assert_verdict(result, "out-of-memory", signal=signal.SIGKILL)
        self.assertRegex(result.sentence, r"[0-9.]+ /tmp\)")

    def test_a_cap_that_is_not_met_changes_nothing(self):
        result = self.sandbox("--memory", "256M", "--", probe("eat-memory"), "100")
        self.assert_passed(result)
        peak = result.report["usage"]["memory_peak_bytes"]
        self.assertTrue(100 * MIB <= peak <= 110 * MIB, peak)

    def test_a_cap_too_small_to_start_the_program(self):
        result = self.sandbox("--memory", "1M", "--", "/usr/bin/python3", "-c", "pass")
        self.assertIn(result.report["verdict"], ("setup-failed", "out-of-memory"), str(result))
        self.assertIn("1 MiB", result.sentence)

    def test_a_limit_above_the_sandbox(self):
        self.require("outer_group")
        with groups.outer_memory_group(64 * MIB) as file:
            result = self.sandbox("--memory", "512M", "--", probe("eat-memory"), "200", group_file=file)
        self.assert_verdict(result, "outer-memory-limit", signal=signal.SIGKILL)
        self.assertRegex(result.sentence, f"^outer-memory-limit: {name('eat-memory')} was (probably )?killed by a limit above "
                                          rf"this sandbox \(its use {FIGURE} of 512 MiB\)")
        self.assertIn(f"e2e-outer-{os.getpid()}", result.report["evidence"]["outer_group"])
        self.assertEqual(result.report["evidence"]["outer_cap_bytes"], 64 * MIB)

    def test_a_limit_above_a_sandbox_without_a_cap(self):
        self.require("outer_group")
        with groups.outer_memory_group(64 * MIB) as file:
            result = self.sandbox("--", probe("eat-memory"), "200", group_file=file)
        self.assert_verdict(result, "outer-memory-limit", signal=signal.SIGKILL)


class Deadlines(E2E):
    def test_a_waiting_test_is_timed_out(self):
        limit = f"{seconds(0.5):g}"
        result = self.sandbox("--timeout", limit, "--", probe("sleep-forever"))
        self.assert_verdict(result, "timed-out", exit=124)
        self.assert_sentence(result, rf"timed-out: {name('sleep-forever')} ran longer than {limit} s \(used [0-9.]+ s CPU: it "
                                     r"was waiting\)")
        self.assertEqual(result.report["evidence"]["sender"], "us")
        self.assertLess(result.seconds, seconds(2))

    def test_a_computing_test_is_told_apart(self):
        result = self.sandbox("--timeout", "1", "--", probe("spin-cpu"), "30", "--threads", "2")
        self.assert_verdict(result, "timed-out", exit=124)
        self.assertNotIn("waiting", result.sentence)

    def test_every_thread_is_written_down_where_it_waited(self):
        result = self.sandbox("--timeout", "1", "--", probe("block-threads"))
        self.assert_verdict(result, "timed-out", exit=124)
        threads = {thread["name"]: thread for thread in result.report["hang"]}
        calls = {"in-read": ("read", "pipe_read"), "in-futex": ("futex", "futex"), "in-nanosleep": ("nanosleep", "nanosleep"),
                 "block-threads": ("pause", "pause")}
        for thread, (call, channel) in calls.items():
            with self.subTest(thread=thread):
                self.assertIn(thread, threads)
                if os.path.exists("/proc/self/syscall"):  # not in every kernel
                    self.assertIn(call, threads[thread]["system_call"] or "")
                self.assertRegex(threads[thread]["state"], "^S")
                if threads[thread]["wait_channel"] is not None and not worlds.USER_MODE_LINUX:  # has but its own names
                    self.assertRegex(threads[thread]["wait_channel"], f"{channel}|hrtimer|do_sys_|sigsuspend")
                self.assertIn("block-threads", threads[thread]["command_line"])
        self.assertEqual({thread["pid"] for thread in threads.values()}, {threads["block-threads"]["tid"]})

    def test_a_stopped_test_is_timed_out_too(self):
        result = self.sandbox("--timeout", "0.5", "--grace", "0.2", "--", probe("stop-self"))
        self.assert_verdict(result, "timed-out", exit=124)
        self.assertRegex(result.report["hang"][0]["state"], "^T")

    def test_the_test_may_tidy_up_within_the_grace(self):
        result = self.sandbox("--timeout", "0.5", "--grace", "20", "--", probe("catch-signal"), "TERM", "7")
        self.assert_verdict(result, "timed-out", exit=124)
        self.assertEqual(result.stdout, "ready\ngot TERM\n")
        self.assertLess(result.seconds, seconds(5))

    def test_tidying_up_with_status_0_is_no_pass(self):
        result = self.sandbox("--timeout", "0.5", "--", probe("catch-signal"), "TERM", "0")
        self.assert_verdict(result, "timed-out", exit=124)

    def test_who_ignores_sigterm_is_killed_when_the_grace_is_over(self):
        result = self.sandbox("--timeout", "0.3", "--grace", "0.7", "--", probe("ignore-term"))
        self.assert_verdict(result, "timed-out", exit=124)
        self.assertEqual(result.report["exit"]["signal"], signal.SIGKILL)
        self.assertGreaterEqual(result.seconds, 1.0)
        self.assertLess(result.seconds, 1.0 + seconds(1.5))

    def test_a_grace_of_nothing_kills_at_once(self):
        result = self.sandbox("--timeout", "0.3", "--grace", "0", "--", probe("ignore-term"))
        self.assert_verdict(result, "timed-out", exit=124)
        self.assertLess(result.seconds, seconds(2))

    def test_a_deadline_that_is_not_met_changes_nothing(self):
        self.assert_passed(self.sandbox("--timeout", "60", "--cpu-time", "60", "--", probe("exit-with"), "0"))

    def test_cpu_time_of_threads_and_children(self):
        for kind in ("--threads", "--children"):
            with self.subTest(kind=kind):
                result = self.sandbox("--cpu-time", "0.5", "--", probe("spin-cpu"), "30", kind, "2")
                self.assert_verdict(result, "cpu-time-exceeded", exit=124)
                self.assert_sentence(result, f"cpu-time-exceeded: {name('spin-cpu')} used more than 0.5 s of CPU time")
                self.assertLess(result.seconds, seconds(6))
                used = result.report["usage"]["cpu_user_seconds"] + result.report["usage"]["cpu_system_seconds"]
                self.assertTrue(0.5 <= used <= 0.5 + seconds(0.7), used)

    def test_waiting_uses_no_cpu_time(self):
        result = self.sandbox("--cpu-time", f"{seconds(0.2):g}", "--timeout", f"{seconds(0.6):g}", "--",
                              probe("sleep-forever"))
        self.assert_verdict(result, "timed-out", exit=124)


class Interrupted(E2E):
    def interrupt(self, number, *command):
        started = self.start("--grace", "1", "--", *command)
        started.line()
        os.kill(started.pid, number)
        return started.finish()

    def test_each_signal_of_the_caller_ends_the_run_and_sandbox_exec(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(signal=number):
                result = self.interrupt(number, probe("sleep-forever"))
                self.assert_verdict(result, "interrupted", signal=number)
                self.assert_sentence(result, f"interrupted: {name('sleep-forever')} was stopped because sandbox-exec got "
                                             f"{signal.Signals(number).name}")
                self.assertEqual(result.report["evidence"]["interrupt_signal"], number)

    def test_the_signal_is_handed_on(self):
        """Each time, also when it comes in the very moment that the test is ready."""
        for number, word in ((signal.SIGINT, "INT"), (signal.SIGTERM, "TERM")) * 4:
            with self.subTest(signal=word):
                result = self.interrupt(number, probe("catch-signal"), word, "0")
                self.assert_verdict(result, "interrupted", signal=number)
                self.assertIn(f"got {word}\n", result.stdout)

    def test_there_is_a_report_however_early_it_comes(self):
        def holds_signals(pid):  # before it does, nobody could
            status = worlds._read(f"/proc/{pid}/status")
            masks = [int(line.split()[1], 16) for line in status.splitlines() if line.startswith(("SigBlk", "SigCgt"))]
            return any(mask >> (signal.SIGTERM - 1) & 1 for mask in masks)

        for i in range(5 if worlds.USER_MODE_LINUX else 30):
            with self.subTest(round=i):
                started = self.start("--grace", "1", "--", "sleep", "30")
                self.assertTrue(processes.eventually(lambda: holds_signals(started.pid), seconds(5)))
                time.sleep(i * 0.0005)
                os.kill(started.pid, signal.SIGTERM)
                self.assert_verdict(started.finish(), "interrupted", signal=signal.SIGTERM)

    def test_one_that_comes_while_the_report_is_written_takes_effect_after_it(self):
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        os.set_blocking(write, False)
        full = os.write(write, bytes(1 << 20))  # as much as the pipe takes
        os.set_blocking(write, True)
        started = self.start("--report", f"fd:{write}", "--", "echo", "ready", report=False, pass_fds=(write,))
        os.close(write)
        self.assertEqual(started.line(), "ready")
        self.assertTrue(processes.eventually(lambda: not processes.descendants(started.pid), seconds(10)))
        os.kill(started.pid, signal.SIGTERM)
        written = b""
        while part := os.read(read, 1 << 16):
            written += part
        self.assert_ended(started.finish(), signal=signal.SIGTERM)
        self.assertEqual(harness.parse_report(written[full:].decode())["verdict"], "passed")

    def test_a_users_signal_is_the_tests_own(self):
        started = self.start("--", probe("catch-signal"), "USR1", "0")
        self.assertEqual(started.line(), "ready")
        os.kill(started.pid, signal.SIGUSR1)
        result = started.finish()
        self.assert_passed(result)
        self.assertEqual(result.stdout, "ready\ngot USR1\n")

    def test_who_ignores_it_is_killed_when_the_grace_is_over(self):
        result = self.interrupt(signal.SIGTERM, probe("ignore-term"))
        self.assert_verdict(result, "interrupted", signal=signal.SIGTERM)
        self.assertLess(result.seconds, seconds(4))

    def test_a_signal_that_the_caller_ignores_stays_ignored(self):
        """As under nohup(1)."""
        started = self.start("--timeout", "1", "--", probe("sleep-forever"), wrapper=("nohup",))
        started.line()
        os.kill(started.pid, signal.SIGHUP)
        self.assert_verdict(started.finish(), "timed-out", exit=124)


class UnderCtest(E2E):
    """With --ctest every end that is not the test's own exit dies of a signal: codes can be made green."""

    def test_a_timeout_dies_of_sigterm(self):
        result = self.sandbox("--ctest", "--timeout", "0.3", "--", probe("sleep-forever"))
        self.assert_verdict(result, "timed-out", signal=signal.SIGTERM)

    def test_cpu_time_dies_of_sigxcpu(self):
        result = self.sandbox("--ctest", "--cpu-time", "0.3", "--", probe("spin-cpu"), "30")
        self.assert_verdict(result, "cpu-time-exceeded", signal=signal.SIGXCPU)

    def test_a_setup_failure_dies_of_sigabrt(self):
        result = self.sandbox("--ctest", "--", "/no/such/program")
        self.assert_ended(result, signal=signal.SIGABRT)
        self.assertEqual(result.report["verdict"], "setup-failed")

    def test_memory_dies_of_sigkill_whatever_main_made_of_it(self):
        self.require("memory_group")
        result = self.sandbox("--ctest", "--memory", "64M", "--", probe("eat-memory"), "200", "--child")
        self.assert_verdict(result, "out-of-memory", signal=signal.SIGKILL)

    def test_the_tests_own_code_stays(self):
        self.assert_verdict(self.sandbox("--ctest", "--", probe("exit-with"), "3"), "failed", exit=3)


if __name__ == "__main__":
    harness.main()
