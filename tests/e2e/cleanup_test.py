"""However the supervisor ends, nothing is left: no process within a second, no mount, no file; a group until the next run
at the latest."""

import os
import random
import signal
import time

import groups
import harness
import processes
import worlds
from harness import E2E, Started, probe, seconds


def mounts():
    return worlds._read("/proc/self/mountinfo")


def entries(folder):
    return sorted(os.listdir(folder))


class NothingLeft(E2E):
    def setUp(self):
        super().setUp()
        self.before = self.look()

    def look(self):
        """What a run could leave on the host, besides processes and groups."""
        ours = {"mounts": mounts(), "project": entries(self.project)}
        for folder in ("/tmp", "/dev/shm", "/run", "/var/tmp", "/dev/mqueue"):
            if os.path.isdir(folder):
                ours[folder] = [name for name in entries(folder) if "sandbox-exec" in name]
        return ours

    def kill(self, started):
        """SIGKILL to the supervisor alone; what then holds its pipes must go by itself."""
        os.kill(started.pid, signal.SIGKILL)
        started.process.wait()
        Started.running.discard(started)
        for pipe in (started.process.stdout, started.process.stderr):
            pipe.close()

    def assert_nothing_left(self):
        strays = self.strays(seconds(1))
        lines = [processes.command_line(pid) for pid in strays]
        processes.kill_each(strays)
        self.assertEqual(lines, [], "processes a second later")
        self.assertEqual(self.look(), self.before)

    def assert_no_group_after_the_next_run(self):
        self.assert_passed(self.sandbox("--", probe("exit-with"), "0"))
        self.assertEqual(processes.eventually(lambda: groups.left_over() == [], seconds(1)) or groups.left_over(), True)

    def caps(self):
        return ["--memory", "256M"] if groups.has_controller("memory") else []

    def test_a_run_that_passes(self):
        self.assert_passed(self.sandbox("--", probe("exit-with"), "0"))
        self.assert_nothing_left()
        self.assertEqual(groups.left_over(), [])

    def test_groups_of_the_report_are_gone(self):
        result = self.sandbox(*self.caps(), "--", probe("exit-with"), "0")
        for directory in result.report["groups"]:
            self.assertFalse(os.path.exists(directory), directory)

    def test_a_run_with_a_daemon_and_a_full_tmp(self):
        self.shell(f"{probe('fill-place')} /tmp 20; {probe('leave-daemon')}; nohup sleep 50 >/dev/null 2>&1 &")
        self.assert_nothing_left()
        self.assertEqual(groups.left_over(), [])

    def test_the_supervisor_killed_while_the_test_runs(self):
        started = self.start(*self.caps(), "--", "sh", "-c", f"{probe('leave-daemon')}; echo ready; sleep 100")
        started.line()
        self.kill(started)
        self.assert_nothing_left()
        self.assert_no_group_after_the_next_run()

    def test_the_supervisor_killed_while_the_test_ignores_everything(self):
        started = self.start("--", probe("ignore-term"))
        started.line()
        self.kill(started)
        self.assert_nothing_left()
        self.assert_no_group_after_the_next_run()

    def test_the_supervisor_killed_at_any_moment(self):
        """Forty moments from before main() to long after execve."""
        moments = random.Random(2)
        rounds = 12 if worlds.USER_MODE_LINUX else 40
        for i in range(rounds):
            delay = moments.uniform(0, 0.2 if worlds.USER_MODE_LINUX else 0.03)
            with self.subTest(round=i, delay=round(delay, 4)):
                started = self.start(*self.caps(), "--", "sh", "-c", "sleep 100 & sleep 100", report="maybe")
                time.sleep(delay)
                self.kill(started)
                self.assert_nothing_left()
        self.assert_no_group_after_the_next_run()

    def test_the_supervisor_killed_without_isolation(self):
        started = self.start("--isolation", "none", "--", "sh", "-c", "sleep 100 & echo ready; sleep 100", report="maybe")
        self.assertEqual(started.line(), "ready")
        self.kill(started)
        self.assert_nothing_left()
        self.assert_no_group_after_the_next_run()

    def test_the_init_killed(self):
        for _ in range(5):
            started = self.start(*self.caps(), "--", probe("sleep-forever"))
            started.line()
            main = started.wait_for("sleep-forever")
            processes.kill_each(pid for pid in processes.descendants(started.pid) if pid != main)
            started.finish()
            self.assert_nothing_left()
        self.assertEqual(groups.left_over(), [])

    def test_everything_killed_at_once(self):
        for _ in range(5):
            started = self.start(*self.caps(), "--", probe("sleep-forever"))
            started.line()
            processes.kill_each([started.pid, *processes.descendants(started.pid)])
            self.kill(started)
            self.assert_nothing_left()
        self.assert_no_group_after_the_next_run()

    def test_the_supervisor_stopped_and_killed(self):
        started = self.start("--", probe("sleep-forever"))
        started.line()
        os.kill(started.pid, signal.SIGSTOP)
        self.kill(started)
        self.assert_nothing_left()
        self.assert_no_group_after_the_next_run()

    def test_the_callers_terminal_or_pipe_gone(self):
        """Both ends of its output are closed while it runs: the run goes on to its end and leaves nothing."""
        started = self.start("--timeout", "1", "--grace", "0.2", "--", probe("sleep-forever"))
        started.line()
        started.process.stdout.close()
        started.process.stderr.close()
        started.process.wait(seconds(10))
        Started.running.discard(started)
        self.assert_nothing_left()

    def test_a_run_that_fails_in_setup(self):
        for args in (["--", "/no/such/program"], ["--ro-bind", "/no/such/source", "--", "true"],
                     ["--uid", "9", "--bind", f"{self.work}:/proc/nowhere", "--", "true"]):
            self.sandbox(*args)
            self.assert_nothing_left()
        self.assertEqual(groups.left_over(), [])

    def test_a_run_that_fails_when_its_groups_are_made(self):
        none = 'echo 0 > /proc/sys/user/max_pid_namespaces && exec "$@"'
        result = self.sandbox("--", probe("exit-with"), "0", wrapper=("unshare", "-Ur", "sh", "-c", none, "sh"),
                              report="maybe")  # that root may write in no folder of another's
        self.assert_ended(result, exit=125)
        made = result.report["groups"] if result.report else []
        self.assertEqual([group for group in made if os.path.exists(group)], [])
        self.assertEqual(groups.left_over(), [])

    def test_many_runs_at_once(self):
        count = 12 if not worlds.USER_MODE_LINUX else 4
        started = [self.start(*self.caps(), "--", probe("spin-cpu"), "0.05") for _ in range(count)]
        for one in started:
            self.assert_passed(one.finish(60))
        self.assert_nothing_left()
        self.assertEqual(groups.left_over(), [])

    def test_a_group_that_is_in_use_is_not_taken_for_a_stale_one(self):
        first = self.start(*self.caps(), "--", probe("catch-signal"), "TERM", "0")
        first.line()
        for _ in range(3):
            self.assert_passed(self.sandbox(*self.caps(), "--", probe("exit-with"), "0"))
        os.kill(first.wait_for("catch-signal"), signal.SIGTERM)
        self.assert_passed(first.finish())


if __name__ == "__main__":
    harness.main()
