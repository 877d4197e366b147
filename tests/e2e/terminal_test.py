"""bash on a terminal: Ctrl-C, Ctrl-Z and fg, the window's size."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

import groups
import harness
import processes
import worlds
from harness import E2E, SANDBOX_EXEC, probe, seconds


class Terminal:
    """A person at a terminal: an outer bash with job control, whose screen is `screen`."""

    def __init__(self, argv, cwd, environment):
        self.pid, self.end = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            if worlds.BECOME is not None:
                harness._become(worlds.BECOME)
            os.execvpe(argv[0], argv, environment)
        self.screen = ""
        self.resize(24, 80)

    def resize(self, rows, columns):
        fcntl.ioctl(self.end, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.end, text.encode())

    def read(self, timeout):
        if not select.select([self.end], [], [], timeout)[0]:
            return False
        try:
            data = os.read(self.end, 65536)
        except OSError:  # EIO: nobody has the other side open
            return False
        self.screen += data.decode(errors="replace")
        return bool(data)

    def expect(self, text, timeout=15):
        """Waits until `text` is on the screen and forgets what came before it."""
        end = time.monotonic() + seconds(timeout)
        while text not in self.screen:
            if time.monotonic() > end:
                raise AssertionError(f"no {text!r} on the screen:\n{self.screen}")
            self.read(0.1)
        before, _, self.screen = self.screen.partition(text)
        return before

    def insist(self, typed, text):
        """Types until it is answered: a shell flushes what is typed while it handles a Ctrl-C."""
        for _ in range(10):
            self.type(typed)
            try:
                self.expect(text, timeout=2)
                return
            except AssertionError:
                continue
        raise AssertionError(f"no {text!r} on the screen:\n{self.screen}")

    def close(self):
        processes.kill_each([self.pid, *processes.descendants(self.pid)])
        os.close(self.end)
        os.waitpid(self.pid, 0)


class OnATerminal(E2E):
    @classmethod
    def tearDownClass(cls):
        # Closing a terminal kills all at once: their groups go when a run starts once the last process is gone.
        def clean():
            subprocess.run([SANDBOX_EXEC, "--project", "none", "--", "true"], check=True, cwd="/")
            return not groups.left_over()

        processes.eventually(clean, seconds(5))
        super().tearDownClass()

    def setUp(self):
        super().setUp()
        environment = self.environment({"PS1": "outer> ", "TERM": "dumb", "HISTFILE": None})
        # -m: as a person's shell; the prompt must not be touched by rc files.
        self.terminal = Terminal(["bash", "--norc", "--noprofile", "-i"], self.project, environment)
        self.addCleanup(self.terminal.close)
        self.terminal.expect("outer> ")

    def enter(self, *options):
        """bash inside, with another prompt."""
        self.terminal.type(f"{SANDBOX_EXEC} {' '.join(options)} -- bash --norc --noprofile -i\n")
        self.terminal.expect("outer> ")  # the inherited prompt, now inside
        self.terminal.type("PS1='in''side> '\n")
        self.terminal.expect("inside> ")

    def test_bash_has_job_control(self):
        self.enter()
        self.terminal.type("set -o | grep monitor\n")
        self.terminal.expect("monitor")  # what was typed
        self.assertRegex(self.terminal.expect("inside> "), r"monitor\s+on")

    def test_the_terminal_has_a_name(self):
        """As in Docker and bubblewrap: gpg, screen and ssh ask for it by ttyname(3)."""
        self.enter()
        self.terminal.type("tty; echo $((40 + 2))\n")
        self.assertIn("/dev/", self.terminal.expect("42"))

    def test_the_terminal_can_be_opened(self):
        self.enter()
        self.terminal.type("echo through > /dev/t''ty\n")
        self.terminal.expect("through\r\n")

    def test_no_complaint_at_the_start(self):
        self.terminal.type(f"{SANDBOX_EXEC} -- bash --norc --noprofile -i\n")
        said = self.terminal.expect("outer> ")
        self.assertNotIn("cannot set terminal process group", said)
        self.assertNotIn("no job control", said)

    def test_ctrl_c_at_the_prompt_does_not_end_the_shell(self):
        self.enter()
        self.terminal.insist("\x03", "^C")  # readline does not always show it
        self.terminal.insist("echo still $((40 + 2))\n", "still 42")

    def test_ctrl_c_ends_what_runs_in_the_shell(self):
        self.enter()
        self.terminal.type("sleep 100; echo after $?\n")
        self.until_inside("sleep")
        self.terminal.type("\x03")
        self.terminal.expect("inside> ")
        self.terminal.type("echo alive\n")
        self.terminal.expect("alive")

    def test_ctrl_z_and_fg_inside(self):
        self.enter()
        self.terminal.type("sleep 100\n")
        self.until_inside("sleep")
        self.terminal.type("\x1a")
        self.terminal.expect("Stopped")
        self.terminal.type("jobs; fg\n")
        self.terminal.expect("sleep 100")
        self.until_inside("sleep", "S")  # said before it runs again
        self.terminal.type("\x03")
        self.terminal.expect("inside> ")

    def test_exit_gives_the_terminal_back(self):
        self.enter()
        self.terminal.type("exit 3\n")
        self.terminal.expect("outer> ")
        self.terminal.type("echo back $?\n")
        self.terminal.expect("back 3")

    def test_the_window_size_and_its_changes_are_seen(self):
        self.enter()
        self.terminal.type("stty size\n")
        self.terminal.expect("24 80")
        self.terminal.type("trap 'echo resized $(stty size)' WINCH; echo s''et\n")
        self.terminal.expect("set")
        self.terminal.expect("inside> ")  # bash has the terminal again, and so gets the signal
        self.terminal.resize(50, 132)
        self.terminal.type("true\n")
        self.terminal.expect("resized 50 132")

    def test_ctrl_c_ends_a_test(self):
        self.terminal.type(f"{SANDBOX_EXEC} -- {probe('sleep-forever')}; echo status $?\n")
        self.terminal.expect("ready")
        self.terminal.type("\x03")
        said = self.terminal.expect("outer> ")
        self.assertNotIn("status 0", said)
        self.assertIn("SIGINT", said)

    def test_ctrl_z_stops_the_whole_run_and_fg_goes_on(self):
        self.terminal.type(f"{SANDBOX_EXEC} -- {probe('sleep-forever')}\n")
        self.terminal.expect("ready")
        self.terminal.type("\x1a")
        self.terminal.expect("Stopped")
        main = processes.find_below(self.terminal.pid, "sleep-forever")
        self.assertEqual(processes.eventually(lambda: processes.state(main) == "T", seconds(2)), True)
        self.terminal.type("fg\n")
        self.terminal.expect("sleep-forever")
        self.assertEqual(processes.eventually(lambda: processes.state(main) == "S", seconds(2)), True)
        self.terminal.type("\x03")
        self.terminal.expect("outer> ")

    def test_the_terminal_hung_up_ends_the_run(self):
        self.terminal.type(f"{SANDBOX_EXEC} -- {probe('ignore-term')}\n")
        self.terminal.expect("ready")
        os.kill(self.terminal.pid, signal.SIGKILL)
        os.close(self.terminal.end)
        os.waitpid(self.terminal.pid, 0)
        self._cleanups.pop()  # closed already
        self.assertEqual(self.strays(seconds(4)), [])

    def test_its_modes_are_restored_after_a_kill(self):
        self.terminal.type(f"{SANDBOX_EXEC} --timeout 0.5 --grace 0 -- sh -c 'stty raw -echo; sleep 30'; stty -a | grep -c -- -icanon\n")
        self.terminal.expect("timed-out")
        self.terminal.expect("0")

    def until_inside(self, program, state=None):
        def look():
            pid = processes.find_below(self.terminal.pid, program)
            return pid and state in (None, processes.state(pid))

        self.assertTrue(processes.eventually(look, seconds(5)))


if __name__ == "__main__":
    harness.main()
