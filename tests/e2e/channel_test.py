"""A program that tells of its TESTs by the channel has figures for each, and its end is blamed on the one that ran."""

import os
import signal

import harness
import worlds
from harness import E2E

MIB = 1024 * 1024

# What a listener does, in as few words as possible.
LISTENER = """
import json, os, signal, socket, subprocess, sys, time
number = int(os.environ["SANDBOX_CHANNEL_FD"])
channel = socket.socket(fileno=number)
def say(**message):
    channel.send(json.dumps({"v": 1, **message}).encode())
def ask(**message):
    say(**message)
    return json.loads(channel.recv(65536))
def start(test):
    say(do="test-start", test=test, file="t.cc", line=7)
def end(result="passed"):
    return ask(do="test-end", result=result)
def eat(mib):
    return bytearray(os.urandom(1)) * (mib << 20)
ask(do="baseline")
"""


class Channel(E2E):
    def told(self, text, *options, **how):
        return self.sandbox(*options, "--", "/usr/bin/python3", "-c", LISTENER + text, timeout=60, **how)

    def by_name(self, result):
        return {test["name"]: test for test in result.report["tests"]}


class Figures(Channel):
    def test_each_test_has_its_own(self):
        self.require("memory_group", "cpu_group", "pids_group")
        result = self.told("""
start("S.Large"); eat(48); end()
start("S.Small"); answer = end(); say(do="test-result", result="failed"); answer["result"] = "failed"
between = eat(48); ask(do="baseline"); del between; ask(do="baseline")
start("S.Keeps"); kept = eat(32); end("skipped")
start("S.Computes")
until = time.process_time() + 0.3
while time.process_time() < until: pass
end()
start("S.Leaves"); left = subprocess.Popen(["sleep", "60"]); end()
print(json.dumps(answer))
""", "--memory", "256M", "--timeout", "60")
        self.assert_ended(result, exit=0)
        tests = self.by_name(result)
        self.assertEqual(list(tests), ["S.Large", "S.Small", "S.Keeps", "S.Computes", "S.Leaves"])
        self.assertEqual([test["result"] for test in tests.values()],
                         ["passed", "failed", "skipped", "passed", "passed"])
        for test in tests.values():
            self.assertEqual((test["file"], test["line"], test["oom_kills"]), ("t.cc", 7, 0), test)
        self.assertGreater(tests["S.Large"]["memory_peak_bytes"], 48 * MIB)
        self.assertLess(tests["S.Large"]["memory_grown_bytes"], 24 * MIB)
        if not tests["S.Small"]["memory_peak_cumulative"]:
            self.assertLess(tests["S.Small"]["memory_peak_bytes"], 40 * MIB)
        self.assertEqual(tests["S.Small"]["memory_peak_cumulative"], not worlds.V1 and worlds.KERNEL < (6, 12))
        self.assertGreater(tests["S.Keeps"]["memory_grown_bytes"], 31 * MIB)
        used = tests["S.Computes"]["cpu_user_seconds"] + tests["S.Computes"]["cpu_system_seconds"]
        self.assertGreater(used, 0.29)
        self.assertGreater(tests["S.Computes"]["wall_seconds"], 0.29)
        self.assertLess(tests["S.Small"]["cpu_user_seconds"] + tests["S.Small"]["cpu_system_seconds"], 0.29)
        self.assertEqual(tests["S.Small"]["processes_left"], 0)
        self.assertEqual(tests["S.Leaves"]["processes_left"], 1)
        # The reset of a TEST's peak is not that of the run's.
        self.assertGreater(result.report["usage"]["memory_peak_bytes"], 48 * MIB)
        answer = result.world
        self.assertEqual(answer.pop("v"), 1)
        self.assertEqual(answer, tests["S.Small"])

    def test_usage_is_what_the_test_has_used_so_far(self):
        self.require("memory_group")
        result = self.told("""
start("S.T"); first = ask(do="usage"); kept = eat(40); second = ask(do="usage"); end()
print(json.dumps([first, second]))
""", "--memory", "256M")
        self.assert_passed(result)
        first, second = result.world
        self.assertGreater(second["memory_grown_bytes"] - first["memory_grown_bytes"], 39 * MIB)
        self.assertLessEqual(first["wall_seconds"], second["wall_seconds"])
        self.assertGreater(self.by_name(result)["S.T"]["memory_peak_bytes"], 40 * MIB)

    def test_an_oom_kill_of_a_child_is_the_tests_in_which_it_was(self):
        self.require("memory_group")
        result = self.told("""
start("S.Before"); end()
start("S.Kills"); subprocess.run([sys.executable, "-c", "bytearray(b'x') * (200 << 20)"]); end("failed")
start("S.After"); end()
""", "--memory", "96M")
        self.assert_ended(result, exit=0)
        self.assertEqual([test["oom_kills"] for test in result.report["tests"]], [0, 1, 0])


class Blame(Channel):
    def blamed(self, result, test="S.Blamed"):
        self.assertEqual(result.report["test"], test)
        self.assertIn(f"in TEST {test}", result.sentence)
        self.assertEqual(self.by_name(result)[test]["result"], "unfinished")

    def test_a_crash(self):
        result = self.told('start("S.Good"); end(); start("S.Blamed"); os.kill(os.getpid(), signal.SIGSEGV)')
        self.assert_verdict(result, "crashed", signal=signal.SIGSEGV)
        self.blamed(result)
        self.assertEqual(self.by_name(result)["S.Good"]["result"], "passed")

    def test_an_oom_kill(self):
        self.require("memory_group")
        result = self.told('start("S.Good"); end(); start("S.Blamed"); eat(400)', "--memory", "64M")
        self.assert_verdict(result, "out-of-memory", signal=signal.SIGKILL)
        self.blamed(result)
        self.assertGreater(self.by_name(result)["S.Blamed"]["memory_peak_bytes"], 60 * MIB)
        self.assertEqual(self.by_name(result)["S.Blamed"]["oom_kills"], 1)

    def test_a_timeout(self):
        result = self.told('start("S.Blamed"); time.sleep(600)', "--timeout", str(worlds.seconds(0.5)))
        self.assert_verdict(result, "timed-out", exit=124)
        self.blamed(result)

    def test_an_exit_with_a_code(self):
        result = self.told('start("S.Blamed"); os._exit(3)')
        self.assert_verdict(result, "failed", exit=3)
        self.blamed(result)

    def test_an_exit_with_0_is_a_warning(self):
        result = self.told('start("S.Blamed"); os._exit(0)')
        self.assert_ended(result, exit=0)
        self.assertEqual((result.report["verdict"], result.report["test"]), ("passed", "S.Blamed"))
        self.assertTrue(any("ended within TEST S.Blamed" in warning for warning in result.report["warnings"]))

    def test_without_isolation_too(self):
        result = self.told('start("S.Blamed"); os.abort()', "--isolation", "none")
        self.assert_verdict(result, "crashed", signal=signal.SIGABRT)
        self.blamed(result)

    def test_nobody_once_the_program_has_closed_its_channel(self):
        for end, verdict in (("os._exit(0)", "passed"), ("os._exit(3)", "failed")):
            with self.subTest(end):
                result = self.told(f'start("S.Closes"); channel.close(); time.sleep(0.3); {end}')
                self.assertEqual((result.report["verdict"], result.report["test"]), (verdict, None), str(result))
                self.assertEqual(self.by_name(result)["S.Closes"]["result"], "unknown")
                self.assertEqual(result.report["warnings"][-1], "the program closed its listener's channel in TEST S.Closes: "
                                                                "no figures are known of those after it")

    def test_nobody_at_a_deadline_after_the_program_has_died(self):
        script = self.file("die.py", LISTENER + 'start("S.Dies"); os.abort()\n')
        result = self.sandbox("--ro-bind", script, "--timeout", str(worlds.seconds(1)), "--", "/bin/sh", "-c",
                              f"/usr/bin/python3 {script}; sleep 600")
        self.assert_verdict(result, "timed-out", exit=124)
        self.assertIsNone(result.report["test"])
        self.assertEqual(self.by_name(result)["S.Dies"]["result"], "unfinished")

    def test_nobody_between_two_tests(self):
        result = self.told('start("S.Good"); end(); os.abort()')
        self.assert_verdict(result, "crashed", signal=signal.SIGABRT)
        self.assertIsNone(result.report["test"])
        self.assertNotIn("TEST", result.sentence)


class WhoSpeaks(Channel):
    def test_nonsense_is_passed_over(self):
        result = self.told("""
start("S.T")
for nonsense in (b"", b"x", b"[]", b"{}", b'{"v": 2, "do": "test-end"}', b'{"v": 1, "do": 7}', b"{" * 8000,
                 b" " * 9000, b"\\xff\\xfe", b'{"v": 1, "do": "test-start", "test": 5, "line": 1e300, "at_ns": "x"}'[:40]):
    channel.send(nonsense)
socket.send_fds(channel, [b"here"], [0, 1, 2])
hello = b'{"v": 1, "do": "hello"}'
shrinks = os.memfd_create("page", os.MFD_CLOEXEC)
os.truncate(shrinks, 4096)
channel.send(hello)
for beside in ([0], [0, 1], [0, shrinks], [shrinks, shrinks], [0, 1, 2, shrinks]): socket.send_fds(channel, [hello], beside)
end()
""")
        self.assert_passed(result)
        self.assertEqual(list(self.by_name(result)), ["S.T"])

    def test_counts_that_cannot_be_are_bounded(self):
        result = self.told("""
start("S.T"); ask(do="test-end", threads_left=-2**63, descriptors_left=2**63 - 1)
say(do="test-result", result="failed"); start("S.U"); say(do="test-result", result="failed"); end()
""")
        self.assert_passed(result)
        tests = self.by_name(result)
        self.assertEqual((tests["S.T"]["threads_left"], tests["S.T"]["descriptors_left"]), (-2**30, 2**30))
        self.assertEqual((tests["S.T"]["result"], tests["S.U"]["result"]), ("failed", "passed"))

    def test_times_that_cannot_be_are_bounded(self):
        result = self.told("""
say(do="test-start", test="S.Long", at_ns=-2**62); end()
start("S.Back"); ask(do="test-end", at_ns=1)
start("S.Ahead"); ask(do="test-end", at_ns=2**62)
""")
        self.assert_passed(result)
        for test in result.report["tests"]:
            self.assertLess(test["wall_seconds"], worlds.seconds(20), test)

    def test_a_flood_ends_nothing_and_stays_within_bounds(self):
        if worlds.USER_MODE_LINUX:
            self.skipTest("takes long there, and depends on no kernel")
        result = self.told("""
for i in range(9000): say(do="test-start", test=f"S.{i}" + "n" * 2000, file="f" * 2000)
end()
""", "--timeout", "120")
        self.assert_ended(result, exit=0)
        kept = result.report["tests"]
        self.assertEqual({len(test["name"]) for test in kept} | {len(test["file"]) for test in kept}, {1024})
        self.assertEqual(len(kept), (16 << 20) // 2048)
        self.assertIn(f"{9000 - len(kept)} TESTs more than are kept ran", result.report["warnings"])

    def test_a_child_is_not_listened_to(self):
        result = self.told("""
start("S.T")
if os.fork() == 0:
    start("S.Childs")
    os._exit(0)
os.wait()
end()
""")
        self.assert_passed(result)
        self.assertEqual(list(self.by_name(result)), ["S.T"])
        self.assertIn("two programs told of TESTs at once", " ".join(result.report["warnings"]))

    def test_a_zombie_does_not_keep_the_next_from_being_heard(self):
        script = self.file("listen.py", LISTENER + 'start(sys.argv[1])\nif sys.argv[1] == "A.T": os.abort()\nend()\n')
        host = f"""
import subprocess
first = subprocess.Popen(["/usr/bin/python3", {script!r}, "A.T"], close_fds=False)
while open(f"/proc/{{first.pid}}/stat").read().rpartition(")")[2].split()[0] != "Z": pass
subprocess.run(["/usr/bin/python3", {script!r}, "B.T"], close_fds=False, check=True)
"""
        result = self.sandbox("--ro-bind", script, "--", "/usr/bin/python3", "-c", host, timeout=40)
        self.assert_passed(result)
        self.assertEqual([(test["name"], test["result"]) for test in result.report["tests"]],
                         [("A.T", "unfinished"), ("B.T", "passed")])
        self.assertNotIn("two programs", " ".join(result.report["warnings"]))

    def test_the_next_program_is_once_the_first_is_gone(self):
        script = self.file("listen.py", LISTENER + 'start(sys.argv[1])\nif sys.argv[2] == "ends": end()\n')
        result = self.sandbox("--ro-bind", script, "--", "/bin/sh", "-c", f"""
for run in "A.T ends" "B.T breaks" "C.T ends"; do /usr/bin/python3 {script} $run; done""", timeout=40)
        self.assert_passed(result)
        self.assertEqual([(test["name"], test["result"]) for test in result.report["tests"]],
                         [("A.T", "passed"), ("B.T", "unfinished"), ("C.T", "passed")])


class Number(Channel):
    def test_another_where_it_is_taken(self):
        read, write = os.pipe()
        self.addCleanup(os.close, write)
        os.dup2(read, 63)
        os.close(read)
        self.addCleanup(os.close, 63)
        os.set_inheritable(63, True)
        result = self.told('print(number); start("S.T"); end()', "--keep-fd", "63", pass_fds=(63,))
        self.assert_passed(result)
        self.assertEqual(result.stdout, "62\n")
        self.assertEqual(list(self.by_name(result)), ["S.T"])

    def test_none_for_who_wants_none(self):
        result = self.sandbox("--unsetenv", "SANDBOX_CHANNEL_FD", "--", "/bin/sh", "-c",
                              "env | grep CHANNEL; ls /proc/self/fd")
        self.assert_passed(result)
        self.assertEqual(result.stdout, "0\n1\n2\n3\n")

    def test_an_outer_sandbox_s_is_not_taken_for_it(self):
        result = self.told('print(number); start("S.T"); end()', "--isolation", "none",
                           env={"SANDBOX_CHANNEL_FD": "7"})
        self.assert_passed(result)
        self.assertEqual(result.stdout, "63\n")
        self.assertEqual(list(self.by_name(result)), ["S.T"])

    def test_few_open_files_end_no_run(self):
        result = self.sandbox("--", "/bin/sh", "-c", "ulimit -n", wrapper=("prlimit", "--nofile=48:48"))
        self.assert_passed(result)
        self.assertEqual(result.stdout, "48\n")


if __name__ == "__main__":
    harness.main()
